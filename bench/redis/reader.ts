import { setTimeout as sleep } from "node:timers/promises";
import { compareResourceVersions, ReplicaStore, type ResourceVersion, type Store } from "@krm/core";
import { openRedisStore } from "@krm/redis-store";
import { FeedWatcher } from "./feed-watcher.ts";
import { logger, serve, stop } from "./serve.ts";
import { SCOPE } from "./simulated-cluster.ts";

// A reader with a copy in memory, as a server over Redis is one.
let store: Store | undefined;
let replica: ReplicaStore | undefined;
let watcher: FeedWatcher | undefined;
let watching: Promise<void> | undefined;

const reached = (version: string | undefined, wanted: string): boolean =>
  version !== undefined && compareResourceVersions(version as ResourceVersion, wanted as ResourceVersion) >= 0;

const procedures = {
  /** Resolves when the scope is followed. */
  async open(target: string): Promise<void> {
    store = await openRedisStore({ target, logger });
    replica = new ReplicaStore({ source: store, logger });
    replica.start();
    const scope = replica.scope(SCOPE);
    watcher = new FeedWatcher(scope);
    watching = watcher.run(stop.signal);
    while (((await scope.reports()).held?.length ?? 0) === 0) await sleep(10);
  },

  /** When the view has come to a version: wall clock, epoch milliseconds. */
  async shows(version: string): Promise<number> {
    return watcher!.until((meta) => reached(meta.version, version));
  },

  /** When the view was verified at a version: wall clock, epoch milliseconds. */
  async verified(version: string): Promise<number> {
    return watcher!.until((meta) => reached(meta.horizon, version));
  },

  /** Objects in the view, and their bytes. */
  async size(): Promise<{ readonly objects: number; readonly bytes: number }> {
    return replica!.scope(SCOPE).meta();
  },

  resets(): number {
    return watcher!.resets;
  },

  noteLatencies(): void {
    watcher!.noteLatencies();
  },

  takeLatencies(): readonly number[] {
    return watcher!.takeLatencies();
  },
};

export type Reader = typeof procedures;

serve(procedures, async () => {
  await watching;
  await replica?.[Symbol.asyncDispose]();
  await store?.[Symbol.asyncDispose]();
});
