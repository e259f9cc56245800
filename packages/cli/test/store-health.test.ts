import { KrmError, MemoryStore, PODS, type Store } from "@krm/core";
import type { StoreCalls } from "@krm/metrics/prometheus";
import { ManualClock } from "@krm/testkit";
import { beforeEach, describe, expect, it } from "vitest";
import { observedStore } from "../src/stores/observed-store.ts";
import { StoreHealth } from "../src/stores/store-health.ts";
import { type RecordingLogger, recordingLogger } from "./recording-logger.ts";

const REFUSED = new KrmError("KRM_STORE_FAILED", "redis://r: the connection was refused", { hint: "is it running?" });
const FULL = new KrmError("KRM_STORE_FULL", "the streamer's input log is full: nobody merges it");
const LEASE = { holder: "me", ttlMs: 1000 };

let clock: ManualClock;
let logger: RecordingLogger;
let health: StoreHealth;

beforeEach(() => {
  clock = new ManualClock();
  logger = recordingLogger();
  health = new StoreHealth(logger, clock);
});

async function fails(call: string, error: unknown = REFUSED, scope = "v1/pods"): Promise<void> {
  await expect(health.heard(scope, call, async () => Promise.reject(error as Error))).rejects.toBe(error);
}

async function answers(call: string, scope = "v1/pods"): Promise<void> {
  expect(await health.heard(scope, call, async () => 1)).toBe(1);
}

describe("the health of a store", () => {
  it("is told when it begins to fail and when all is well again, not in between", async () => {
    await answers("meta");
    await fails("commit");
    await fails("commit");
    await fails("report");
    // Reads that are answered do not make writes well.
    await answers("meta");
    await answers("report");
    expect(logger.lines).toEqual([
      "warn the store fails, trying on: redis://r: the connection was refused. Is it running?",
    ]);
    await clock.advance(2500);
    expect(health.failingSeconds("v1/pods")).toBe(2.5);
    expect(health.failingSeconds("v1/nodes")).toBe(0);
    await answers("commit");
    expect(logger.lines.slice(1)).toEqual(["info the store answers again"]);
    expect(health.failingSeconds("v1/pods")).toBe(0);
  });

  it("is good again when another read is answered than the one that failed: that may never be asked again", async () => {
    await fails("oldestCursor");
    await answers("renew");
    expect(health.failing).toBe(true);
    await answers("cursor");
    expect(health.failing).toBe(false);
    expect(logger.lines.slice(1)).toEqual(["info the store answers again"]);
  });

  it("is bad while one scope is: a shard of a cluster may be away alone", async () => {
    await fails("meta", REFUSED, "v1/nodes");
    await fails("meta");
    await answers("meta");
    expect(logger.lines).toHaveLength(1);
    await answers("meta", "v1/nodes");
    expect(logger.lines).toHaveLength(2);
  });

  it("counts a full log as a failure, and a refusal or a caller that left as none", async () => {
    await fails("append", FULL);
    expect(logger.lines).toEqual([
      "warn the store fails, trying on: the streamer's input log is full: nobody merges it",
    ]);
    await fails("append", new Error("left"));
    expect(health.failing).toBe(true);
    await fails("append", new KrmError("KRM_STORE_CONFLICT", "somebody else has it"));
    expect(health.failing).toBe(false);
  });
});

describe("an observed store", () => {
  it("does what the store does, and forgets what a lost role could not write", async () => {
    await using inner = new MemoryStore();
    const store: Store = observedStore(inner, health);
    const scope = { resource: PODS };
    const state = store.scope(scope);
    const merger = await state.acquire("merger", LEASE);
    const streamer = await state.acquire("streamer", LEASE);
    expect(await state.acquire("merger", { ...LEASE, holder: "other" })).toBeUndefined();
    expect(merger?.loaded.meta.objects).toBe(0);
    expect([merger?.role, streamer?.role, merger?.epoch]).toEqual(["merger", "streamer", 1]);
    await state.ask("streamer", "relist");
    expect(await streamer?.renew()).toEqual(["relist"]);
    expect(streamer?.log.start.epoch).toBe(0);
    expect((await store.scopes()).map(({ resource }) => resource.resource)).toEqual(["pods"]);
    expect((await state.reports()).held).toEqual(expect.arrayContaining(["merger", "streamer"]));
    await fails("append", FULL);
    await merger?.[Symbol.asyncDispose]();
    await state.acquire("merger", { ...LEASE, holder: "other" });
    expect(health.failing).toBe(false);
    await store[Symbol.asyncDispose]();
    await expect(state.meta()).rejects.toMatchObject({ code: "KRM_STORE_CLOSED" });
  });
});

/** Calls of a store, written down as they are measured. */
class Calls implements StoreCalls {
  readonly lines: string[] = [];
  answered(operation: string, seconds: number): void {
    this.lines.push(`${operation} ${seconds}`);
  }
  failed(operation: string, code: string, seconds?: number): void {
    this.lines.push(`${operation} ${code} ${seconds}`);
  }
}

describe("the calls of an observed store", () => {
  let calls: Calls;

  beforeEach(() => {
    calls = new Calls();
    health = new StoreHealth(logger, clock, calls);
  });

  it("are measured from when they are made, by name, and with the code where they fail", async () => {
    const slow = async (): Promise<number> => {
      await clock.advance(250);
      return 1;
    };
    expect(await health.heard("v1/pods", "commit", slow)).toBe(1);
    await fails("append", FULL);
    await fails("renew", new KrmError("KRM_STORE_CONFLICT", "somebody else has it"));
    // The caller has left.
    await fails("meta", new Error("left"));
    expect(calls.lines).toEqual(["commit 0.25", "append KRM_STORE_FULL 0", "renew KRM_STORE_CONFLICT 0"]);
  });

  it("are told apart from its feeds, of which the end by an error counts", async () => {
    await using inner = new MemoryStore();
    const store = observedStore(inner, health);
    const state = store.scope({ resource: PODS });
    const merger = await state.acquire("merger", LEASE);
    const feeds = [state.changes({}), merger?.inputs({})].map(async (feed) => {
      for await (const _ of feed ?? []) break;
    });
    await inner[Symbol.asyncDispose]();
    for (const feed of feeds) await expect(feed).rejects.toMatchObject({ code: "KRM_STORE_CLOSED" });
    expect(calls.lines.toSorted()).toEqual([
      "acquire 0",
      "changes KRM_STORE_CLOSED undefined",
      "inputs KRM_STORE_CLOSED undefined",
    ]);
  });

  it("are few: whoever ends a feed is not told of", async () => {
    await using inner = new MemoryStore();
    const feed = observedStore(inner, health).scope({ resource: PODS }).changes({ since: "gone" });
    for await (const batch of feed) {
      expect(batch.type).toBe("reset");
      break;
    }
    const stop = new AbortController();
    stop.abort();
    for await (const _ of observedStore(inner, health).scope({ resource: PODS }).changes({ signal: stop.signal })) {
      throw new Error("nothing is to come");
    }
    expect(calls.lines).toEqual([]);
  });
});
