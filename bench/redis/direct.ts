import { Monitor } from "@krm/core";
import { type Emitted, emitBurst, emitPaced } from "./emission.ts";
import { FeedWatcher } from "./feed-watcher.ts";
import { wallNow } from "./messages.ts";
import { logger, serve, stop } from "./serve.ts";
import { SCOPE, SimulatedCluster } from "./simulated-cluster.ts";

// The peer: all roles and the reader in one process, over a store in memory.
let cluster = new SimulatedCluster(0, 0);
let monitor: Monitor | undefined;
let watcher: FeedWatcher | undefined;
let watching: Promise<void> | undefined;
let merged = 0;

const procedures = {
  /** How long the first sync took, in milliseconds. */
  async sync(objects: number, bytes: number): Promise<number> {
    cluster = new SimulatedCluster(objects, bytes);
    const startedAt = wallNow();
    monitor = new Monitor({
      source: { listWatch: () => cluster },
      resources: [SCOPE.resource],
      verifyEveryMs: 86_400_000,
      logger,
    });
    monitor.events.on("commit", (_, { changes }) => (merged += changes.length));
    monitor.start();
    await monitor.ready();
    const took = wallNow() - startedAt;
    merged = 0;
    watcher = new FeedWatcher(monitor.store.scope(SCOPE));
    watching = watcher.run(stop.signal);
    return took;
  },

  async burst(events: number): Promise<Emitted> {
    return emitBurst(cluster, events, () => cluster.emitted - merged);
  },

  async paced(events: number, everyMs: number): Promise<Emitted> {
    return emitPaced(cluster, events, everyMs);
  },

  async shows(version: string): Promise<number> {
    return watcher!.until((meta) => meta.version === version);
  },

  noteLatencies(): void {
    watcher!.noteLatencies();
  },

  takeLatencies(): readonly number[] {
    return watcher!.takeLatencies();
  },
};

export type Direct = typeof procedures;

serve(procedures, async () => {
  await watching;
  await monitor?.[Symbol.asyncDispose]();
});
