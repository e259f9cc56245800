import { ManualClock } from "@krm/testkit";
import { describe, expect, it } from "vitest";
import { LedgerKeeper } from "../src/merge/ledger-keeper.ts";
import {
  decodeObject,
  type DecidedVerdict,
  type Drift,
  emptyMergeState,
  type Held,
  type HeardRequest,
  holdRoles,
  lostEventRequest,
  MemoryStore,
  type MergeInput,
  MergeRole,
  noTelemetry,
  objectKey,
  type Observation,
  parseResourceVersion,
  PODS,
  readRequest,
  reduce,
  type ScopeStore,
  silentLogger,
  type Step,
  type Uid,
  type Verdict,
} from "../src/index.ts";
import { InputQueue } from "../src/merge/input-queue.ts";
import { tellLost } from "../src/roles/tell-lost.ts";

const at = parseResourceVersion;
const uid = "u1" as Uid;
const NOW = Date.parse("2026-11-26T00:00:10Z");
const clock = { now: () => NOW, monotonic: () => NOW, sleep: async () => {} };
const around = { verifiedBefore: NOW - 60_000, hadView: true };

function lost(version: string): Drift {
  return {
    key: objectKey("krm", "canary"),
    type: "modified",
    horizon: at(version),
    shown: { uid, resourceVersion: at("5") },
    actual: { uid, resourceVersion: at(version) },
    cause: "upstream",
    changedAt: "2026-11-26T00:00:00Z",
  };
}

/** What a verification finds that shows the same. */
function found(version: string): Verdict {
  return { horizon: at("8"), result: "drift", mode: "exact-metadata", drift: [lost(version)] };
}

function stepOf(...verdicts: readonly Verdict[]): Step {
  return { changes: [], verdicts, late: 0, contradictions: 0, missing: [], belated: false };
}

const heard: MergeInput = { type: "heard", epoch: 0, at: NOW };

/** What the ledger is told by an input. */
function add(keeper: LedgerKeeper, input: MergeInput): readonly unknown[] {
  return keeper.add(input, reduce(emptyMergeState(), input).step, around);
}

describe("an event that its writer knows to be lost", () => {
  it("is a missed event with its exposure, and no verification", () => {
    const keeper = new LedgerKeeper(undefined, clock, noTelemetry);
    expect(add(keeper, { type: "lost", epoch: 0, drift: lost("7") })).toMatchObject([
      { result: "drift", mode: "told", drift: [{ exposedMs: 10_000, exposedSince: "changed" }] },
    ]);
    expect(keeper.missed).toBe(1);
    expect(Object.values(keeper.ledger.verifications)).toEqual([0, 0, 0, 0, 0]);
  });

  it("counts once, whether it is told twice or a verification finds it too, before or after", () => {
    const told = new LedgerKeeper(undefined, clock, noTelemetry);
    add(told, { type: "lost", epoch: 0, drift: lost("7") });
    expect(add(told, { type: "lost", epoch: 0, drift: lost("7") })).toEqual([]);
    expect(told.add(heard, stepOf(found("7")), around)).toMatchObject([{ result: "consistent", drift: [] }]);
    expect(told.missed).toBe(1);

    const verified = new LedgerKeeper(undefined, clock, noTelemetry);
    expect(verified.add(heard, stepOf(found("7")), around)).toMatchObject([{ result: "drift" }]);
    expect(add(verified, { type: "lost", epoch: 0, drift: lost("7") })).toEqual([]);
    expect(add(verified, { type: "lost", epoch: 0, drift: lost("9") })).toHaveLength(1);
    expect(verified.missed).toBe(2);
  });

  it("counts once across a takeover by another merger, whichever of both came first", () => {
    const told = new LedgerKeeper(undefined, clock, noTelemetry);
    add(told, { type: "lost", epoch: 0, drift: lost("7") });
    const after = new LedgerKeeper(told.ledger, clock, noTelemetry);
    expect(after.add(heard, stepOf(found("7")), around)).toMatchObject([{ result: "consistent", drift: [] }]);
    expect(add(after, { type: "lost", epoch: 0, drift: lost("7") })).toEqual([]);
    expect(after.missed).toBe(1);
  });

  it("is no verification's news, nor that of an object asked by name; what else they found is", () => {
    const keeper = new LedgerKeeper(undefined, clock, noTelemetry);
    add(keeper, { type: "lost", epoch: 0, drift: lost("7") });
    expect(keeper.add(heard, stepOf({ ...found("7"), mode: "by-name" }), around)).toEqual([]);
    const both = { ...found("7"), drift: [lost("7"), lost("8")] };
    expect(keeper.add(heard, stepOf(both), around)).toMatchObject([{ result: "drift", drift: [lost("8")] }]);
    expect(keeper.missed).toBe(2);
  });

  it("counts anew in another life, and in another history of the cluster", () => {
    const keeper = new LedgerKeeper(undefined, clock, noTelemetry);
    add(keeper, { type: "lost", epoch: 0, drift: lost("7") });
    const actual = { uid: "u2" as Uid, resourceVersion: at("7") };
    add(keeper, { type: "lost", epoch: 0, drift: { ...lost("7"), actual } });
    expect(keeper.missed).toBe(2);
    const later = new LedgerKeeper(keeper.ledger, { ...clock, now: () => NOW + 1000 }, noTelemetry);
    const snapshot = { resourceVersion: at("3"), takenAt: NOW, entries: new Map() };
    later.add({ type: "epoch-reset", epoch: 1, snapshot }, stepOf(), around);
    add(later, { type: "lost", epoch: 0, drift: lost("7") });
    expect(later.missed).toBe(3);
  });

  it("changes nothing of the view", () => {
    const state = emptyMergeState();
    const { state: next, step } = reduce(state, { type: "lost", epoch: 0, drift: lost("7") });
    expect(step.changes).toEqual([]);
    expect(next).toEqual(state);
  });
});

describe("what is asked of a role", () => {
  it("is a lost event as it was told, or a name", () => {
    expect(readRequest(lostEventRequest(lost("7")))).toEqual({ type: "lost-event", drift: lost("7") });
    const created: Drift = { ...lost("7"), type: "added", shown: undefined, changedAt: undefined };
    expect(readRequest(lostEventRequest(created))).toEqual({ type: "lost-event", drift: created });
    expect(readRequest("rewatch")).toBe("rewatch");
  });

  it.for<readonly [string, string]>([
    ["no JSON", "{"],
    ["no object", "7"],
    ["nothing", "null"],
    ["no drift", "{}"],
    ["a type that there is not", JSON.stringify({ ...lost("7"), type: "moved" })],
    ["a cause that there is not", JSON.stringify({ ...lost("7"), cause: "toString" })],
    ["a horizon that cannot be ordered", JSON.stringify({ ...lost("7"), horizon: "0x7" })],
    ["a version that is a number", JSON.stringify({ ...lost("7"), actual: { uid, resourceVersion: 7 } })],
    ["nobody who was shown", JSON.stringify({ ...lost("7"), shown: { resourceVersion: "5" } })],
    ["a time that is none", JSON.stringify({ ...lost("7"), changedAt: 7 })],
  ])("cannot be read with %s", ([, text]) => {
    expect(readRequest(`lost-event ${text}`)).toBeUndefined();
  });

  it("waits until somebody listens, and what cannot be read holds nothing up", async () => {
    const clock = new ManualClock();
    const store = new MemoryStore().scope({ resource: PODS });
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (_: unknown, text: string) => void warnings.push(text) };
    const taken = Promise.withResolvers<Held<"merger">>();
    const stop = new AbortController();
    const lease = { holder: "one", ttlMs: 15_000 };
    const options = { store, lease, clock, logger, random: () => 0.5, roles: ["merger"] } as const;
    const holding = holdRoles(options, stop.signal, async (held, signal) => {
      taken.resolve(held);
      await clock.sleep(3_600_000, { signal });
    });
    const held = await taken.promise;
    await store.ask("merger", "lost-event {");
    await store.ask("merger", lostEventRequest(lost("7")));
    await clock.advance(6000);
    const heard: HeardRequest[] = [];
    held.onRequest = (request) => heard.push(request);
    expect(heard).toEqual([{ type: "lost-event", drift: lost("7") }]);
    await store.ask("merger", "relist");
    await clock.advance(6000);
    expect(heard.slice(1)).toEqual(["relist"]);
    expect(warnings).toEqual(["a request of another role cannot be read; left out"]);
    stop.abort();
    await holding;
  });

  it("is given to a merger also when nothing else has room in it", () => {
    const queue = new InputQueue({ inputs: 1, bytes: 1 });
    const metadata = {
      name: "a",
      namespace: "n",
      uid,
      resourceVersion: "6",
      creationTimestamp: "2026-11-26T00:00:00Z",
    };
    const object = decodeObject(new TextEncoder().encode(JSON.stringify({ metadata })));
    const observation: Observation = { type: "applied", object, origin: "live", observedAt: NOW };
    const full: MergeInput = { type: "observed", epoch: 3, observation };
    expect(queue.offer([full])).toBe(true);
    expect(queue.offer([full])).toBe(false);
    const merger = { epoch: 3, offer: (inputs: readonly MergeInput[]) => queue.offer(inputs) };
    tellLost(merger, "relist");
    tellLost(merger, { type: "lost-event", drift: lost("7") });
    expect(queue.peek(10)).toEqual([full, { type: "lost", epoch: 3, drift: lost("7") }]);
  });

  it("reaches the ledger of a merger in another process", async () => {
    const clock = new ManualClock({ now: NOW });
    const store = new MemoryStore();
    const scope: ScopeStore = store.scope({ resource: PODS });
    const verdicts: DecidedVerdict[] = [];
    await scope.ask("merger", lostEventRequest(lost("7")));
    const stop = new AbortController();
    const role = new MergeRole({
      store: scope,
      manifest: store.manifest,
      lease: { holder: "one", ttlMs: 15_000 },
      clock,
      logger: silentLogger,
      random: () => 0.5,
      onVerdict: (verdict) => verdicts.push(verdict),
    });
    const running = role.run(stop.signal);
    await clock.advance(10_000);
    expect(verdicts).toMatchObject([{ mode: "told", drift: [{ key: "krm/canary" }] }]);
    expect(role.report?.missed.upstream.modified).toBe(1);
    stop.abort();
    await running;
  });
});
