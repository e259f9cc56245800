import {
  type ClusterRoleOptions,
  KrmError,
  type MemoryStore,
  MergeRole,
  PODS,
  type ScopeStatus,
  scopeStatus,
  silentLogger,
  StreamRole,
  type Verdict,
  VerifyRole,
} from "@krm/core";
import { ClusterSource, type ClusterSourceOptions, ManualClock, SimCluster } from "@krm/testkit";
import { afterEach, describe, expect, test } from "vitest";
import { pod, settle, truth, until, view, withNamespaces } from "./support.ts";
import { type Tampering, tamperedStore } from "./tampered-store.ts";
import { apiError, gone } from "./world.ts";

const SCOPE = { resource: PODS };

/** The three roles of one scope, each on its own over one store, as if in processes of their own. */
class Apart {
  readonly clock = new ManualClock();
  readonly cluster: SimCluster;
  readonly source: ClusterSource;
  readonly tampering: Tampering = {};
  readonly store: MemoryStore = tamperedStore(this.tampering);
  readonly verdicts: Verdict[] = [];
  readonly steps: string[] = [];
  readonly #running = new Map<object, { readonly stop: AbortController; readonly done: Promise<void> }>();

  constructor(source: Partial<ClusterSourceOptions> = {}) {
    this.cluster = withNamespaces(new SimCluster({ clock: this.clock, seed: 7 }), "team-a");
    for (let i = 0; i < 5; i++) pod(this.cluster, `p${i}`);
    this.source = new ClusterSource({ cluster: this.cluster, ...source });
  }

  #options(holder: string): ClusterRoleOptions {
    return {
      store: this.store.scope(SCOPE),
      manifest: this.store.manifest,
      listWatch: this.source.listWatch(SCOPE),
      lease: { holder, ttlMs: 15_000 },
      clock: this.clock,
      logger: silentLogger,
      random: () => 0.5,
      listSlot: async (_signal, work) => work(),
      pageSize: 2,
      queue: { inputs: 20, bytes: 1_000_000 },
    };
  }

  #run<T extends { run(signal: AbortSignal): Promise<void> }>(role: T): T {
    const stop = new AbortController();
    this.#running.set(role, { stop, done: role.run(stop.signal) });
    return role;
  }

  stream(holder = "streamer"): StreamRole {
    return this.#run(new StreamRole({ ...this.#options(holder), pollEveryMs: 30_000 }));
  }

  verify(holder = "verifier"): VerifyRole {
    return this.#run(new VerifyRole({ ...this.#options(holder), everyMs: 300_000 }));
  }

  merge(holder = "merger"): MergeRole {
    return this.#run(
      new MergeRole({
        ...this.#options(holder),
        onVerdict: (verdict) => this.verdicts.push(verdict),
        onStep: (input) => this.steps.push(input.type),
      }),
    );
  }

  /** Ends a role as a process that is told to ends. */
  async stop(role: object): Promise<void> {
    const one = this.#running.get(role);
    this.#running.delete(role);
    one?.stop.abort();
    await one?.done;
  }

  async stopAll(): Promise<void> {
    for (const role of this.#running.keys()) await this.stop(role);
  }

  async status(): Promise<ScopeStatus> {
    return scopeStatus(this.store.scope(SCOPE), this.clock.now());
  }

  readonly equal = async (): Promise<boolean> =>
    JSON.stringify(await view(this.store, SCOPE)) === JSON.stringify(truth(this.cluster, PODS));

  /** Until the streamer watches; what has been told by then is merged. */
  async watching(): Promise<void> {
    await until(() => this.source.openWatches === 1, "a watch is open");
    await settle();
  }
}

const worlds: Apart[] = [];
afterEach(async () => {
  for (const one of worlds.splice(0)) await one.stopAll();
});

function apart(source?: Partial<ClusterSourceOptions>): Apart {
  const one = new Apart(source);
  worlds.push(one);
  return one;
}

describe("roles on their own", () => {
  const orders: readonly (readonly ("stream" | "verify" | "merge")[])[] = [
    ["stream", "verify", "merge"],
    ["merge", "verify", "stream"],
    ["verify", "merge", "stream"],
  ];
  test.for(orders)("%s, %s, %s: started in this order they make the view, and keep it", async (order) => {
    const w = apart();
    for (const role of order) {
      w[role]();
      await settle();
    }
    await until(w.equal, "the view is the cluster");
    await w.watching();
    pod(w.cluster, "later");
    w.cluster.delete(PODS, "team-a", "p1");
    await until(w.equal, "it is told");
    // A verifier that was there before the view looks for it now and then.
    await w.clock.advance(1000);
    await settle();
    await w.clock.advance(310_000);
    w.source.bookmark();
    await until(() => w.verdicts.length > 0, "it was verified");
    expect(w.verdicts.map(({ result }) => result)).toEqual(["consistent"]);
    await settle();
    expect((await w.status()).state).toBe("synced");
  });

  test("what the stream missed is found by a verifier that sends no body which the view holds", async () => {
    let lossy = false;
    const w = apart({ tell: (event) => (lossy ? [] : [event]) });
    w.stream();
    w.merge();
    await until(w.equal, "the view is the cluster");
    const verifier = w.verify();
    await w.watching();
    await w.clock.advance(1000);
    await settle();
    lossy = true;
    w.cluster.delete(PODS, "team-a", "p2");
    pod(w.cluster, "missed");
    lossy = false;
    w.source.bookmark();
    await settle();
    let bodies = 0;
    w.tampering.append = async (append, records, covers, options) => {
      for (const record of records)
        if (record.type === "snapshot-page")
          bodies += record.entries.filter(({ object }) => object !== undefined).length;
      return append(records, covers, options);
    };
    verifier.verifyNow();
    // Until what was told before is merged is looked for by the clock.
    await w.clock.advance(500);
    await until(w.equal, "the view is repaired");
    expect(w.verdicts.map(({ result }) => result)).toEqual(["drift"]);
    expect(w.verdicts[0]?.drift.map(({ type, key }) => `${type} ${key}`).toSorted()).toEqual([
      "added team-a/missed",
      "deleted team-a/p2",
    ]);
    expect(bodies).toBe(1);
  });
});

describe("a streamer that starts again", () => {
  test("goes on from its log's position without a list, and rewrites nothing", async () => {
    const w = apart();
    const first = w.stream();
    w.merge();
    await until(w.equal, "the view is the cluster");
    await w.watching();
    await w.stop(first);
    pod(w.cluster, "meanwhile");
    w.cluster.delete(PODS, "team-a", "p0");
    const { list } = w.source.requests;
    const { cursor } = await w.store.scope(SCOPE).meta();
    w.stream("another");
    await until(w.equal, "what happened meanwhile is told");
    expect(w.source.requests.list).toBe(list);
    for await (const batch of w.store.scope(SCOPE).changes({ since: cursor })) {
      expect(batch.type === "changes" && batch.entries.map(({ change }) => change.type)).toEqual([
        "set",
        "set",
        "removed",
      ]);
      break;
    }
  });

  test("lists where the API server has forgotten, removes ghosts, and rewrites nothing that is unchanged", async () => {
    const w = apart();
    const first = w.stream();
    w.merge();
    await until(w.equal, "the view is the cluster");
    await w.watching();
    await w.stop(first);
    w.cluster.delete(PODS, "team-a", "p0");
    pod(w.cluster, "meanwhile");
    w.cluster.compact();
    const { cursor } = await w.store.scope(SCOPE).meta();
    const again = w.stream();
    await until(w.equal, "the view is the cluster again");
    expect(again.report?.desyncs).toMatchObject({ expired: 1 });
    const changes: string[] = [];
    for await (const batch of w.store.scope(SCOPE).changes({ since: cursor })) {
      if (batch.type === "changes") for (const { change } of batch.entries) changes.push(change.type);
      if (changes.length >= 2) break;
    }
    expect(changes).toEqual(["set", "removed"]);
  });

  test("while another has the role it stands by, asks the API server nothing, and takes over", async () => {
    const w = apart();
    const first = w.stream("first");
    w.merge();
    await until(w.equal, "the view is the cluster");
    await w.watching();
    const requests = { ...w.source.requests };
    w.stream("second");
    await w.clock.advance(60_000);
    await settle();
    expect(w.source.requests).toEqual(requests);
    await w.stop(first);
    await w.clock.advance(10_000);
    await until(() => w.source.openWatches === 1, "the second watches");
    pod(w.cluster, "later");
    await until(w.equal, "it is told");
    expect(w.source.requests.list).toBe(requests.list);
  });
});

describe("without a merger", () => {
  test("the view stands still, is stale after a while, and catches up when one comes", async () => {
    const w = apart();
    w.stream();
    const merger = w.merge();
    await until(w.equal, "the view is the cluster");
    await w.watching();
    await w.stop(merger);
    pod(w.cluster, "unmerged");
    await settle();
    for (let i = 0; i < 12; i++) {
      await w.clock.advance(1000);
      await settle();
    }
    expect(await w.equal()).toBe(false);
    expect((await w.status()).state).toBe("stale");
    const { list } = w.source.requests;
    w.merge("another");
    await until(w.equal, "it has caught up");
    w.source.bookmark();
    await settle();
    expect((await w.status()).state).toBe("synced");
    expect(w.source.requests.list).toBe(list);
  });

  test("a merger that dies in the middle of a list reads it again from its first page", async () => {
    const w = apart();
    const pages: number[] = [];
    const gate = Promise.withResolvers<void>();
    w.tampering.append = async (append, records, covers, options) => {
      for (const record of records)
        if (record.type === "snapshot-page" && record.last) {
          pages.push(record.page);
          await gate.promise;
        }
      return append(records, covers, options);
    };
    for (let i = 0; i < 300; i++) pod(w.cluster, `many${i}`);
    w.stream();
    const first = w.merge();
    await until(() => pages.length === 1, "all but the last page is there");
    expect(pages).toEqual([1]);
    await settle();
    await w.stop(first);
    w.merge("another");
    gate.resolve();
    await until(w.equal, "the list is whole");
  });

  test("a verifier that dies in the middle of a list does not stop those after it", async () => {
    const w = apart();
    for (let i = 0; i < 300; i++) pod(w.cluster, `many${i}`);
    w.stream();
    w.merge();
    await until(w.equal, "the view is the cluster");
    await w.watching();
    const first = w.verify();
    await w.clock.advance(1000);
    await settle();
    // Everything without a body: the first of two pages is written, and no more.
    w.tampering.append = async (append, records, covers, options) => {
      if (records.some((record) => record.type === "snapshot-page" && record.page > 0))
        await new Promise((_, reject) => options?.signal?.addEventListener("abort", reject));
      return append(records, covers, options);
    };
    first.verifyNow();
    await w.clock.advance(500);
    await settle();
    await w.clock.advance(500);
    await settle();
    await w.stop(first);
    delete w.tampering.append;
    const second = w.verify("another");
    await w.clock.advance(2000);
    await settle();
    second.verifyNow();
    for (let i = 0; i < 8; i++) {
      await w.clock.advance(500);
      await settle();
    }
    w.source.bookmark();
    await until(() => w.verdicts.length > 0, "it is verified");
    expect(w.verdicts.map(({ result }) => result)).toEqual(["consistent"]);
  });

  test("what is merged already is not claimed again, and what was undecided is inconclusive", async () => {
    const held: never[] = [];
    let hold = false;
    const w = apart({
      tell: (event) => (hold ? (held.push(event as never), []) : [...held.splice(0), event]),
      beforeRequest: (asked) => {
        if ("request" in asked && "match" in asked.request && asked.request.match === "Exact")
          throw apiError({ code: 400 });
      },
    });
    w.stream();
    const merger = w.merge();
    await until(w.equal, "the view is the cluster");
    await w.watching();
    const verifier = w.verify();
    await w.clock.advance(1000);
    await settle();
    hold = true;
    pod(w.cluster, "slow");
    verifier.verifyNow();
    for (let seconds = 0; seconds < 80; seconds++) {
      await w.clock.advance(1000);
      await settle();
    }
    await until(w.equal, "the snapshot shows it");
    expect(merger.report?.pending).toBe(1);
    await w.stop(merger);
    const second = w.merge("another");
    await settle();
    expect(second.report).toMatchObject({ pending: 0, verifications: { inconclusive: 1 } });
    hold = false;
    pod(w.cluster, "next");
    await until(w.equal, "the stream goes on");
    expect(second.report?.missed.upstream).toEqual({ added: 0, modified: 0, deleted: 0, recreated: 0 });
  });
});

describe("a store that fails", () => {
  test("law 7: the streamer's queue fills, and then it is a gap: counted, and listed anew", async () => {
    const w = apart();
    const streamer = w.stream();
    w.merge();
    await until(w.equal, "the view is the cluster");
    await w.watching();
    let away = true;
    w.tampering.append = async (append, ...args) => {
      if (away) throw new Error("connection refused");
      return append(...args);
    };
    for (let i = 0; i < 30; i++) {
      pod(w.cluster, `flood${i}`);
      await settle();
    }
    expect(streamer.report?.desyncs.overflow).toBe(1);
    expect(streamer.queued).toBeGreaterThan(0);
    away = false;
    await w.clock.advance(5000);
    await until(w.equal, "the view is whole");
    expect(streamer.queued).toBe(0);
  });

  test("an input that is written twice, because its answer was lost, counts once", async () => {
    const w = apart();
    w.stream();
    w.merge();
    await until(w.equal, "the view is the cluster");
    await w.watching();
    let lost = true;
    w.tampering.append = async (append, ...args) => {
      await append(...args);
      if (!lost) return;
      lost = false;
      throw new Error("the answer was lost");
    };
    pod(w.cluster, "twice");
    await settle();
    await w.clock.advance(5000);
    await until(w.equal, "it is told");
    w.source.failWatches(gone);
    await until(() => w.source.requests.list > 3, "it lists");
    await until(w.equal, "and goes on");
  });
});

test("a streamer whose last entry the store has lost goes on from what is there, and counts the gap", async () => {
  const w = apart();
  const streamer = w.stream();
  w.merge();
  await until(w.equal, "the view is the cluster");
  await w.watching();
  const { list } = w.source.requests;
  w.tampering.append = async () => {
    delete w.tampering.append;
    throw new KrmError("KRM_STORE_CONFLICT", "the newest entry is 3-1, not 4-1");
  };
  pod(w.cluster, "rolled-back");
  await settle();
  await w.clock.advance(2000);
  await until(w.equal, "it is told again");
  expect(streamer.report?.desyncs["store-lost"]).toBe(1);
  expect(w.source.requests.list).toBe(list);
});
