import { setTimeout as sleep } from "node:timers/promises";
import { DEFAULT_LEASE_TTL_MS, type Store, StreamRole, systemClock, VerifyRole } from "@krm/core";
import { openRedisStore } from "@krm/redis-store";
import { type Emitted, emitBurst, emitPaced } from "./emission.ts";
import { wallNow } from "./messages.ts";
import { logger, serve, stop } from "./serve.ts";
import { SCOPE, SimulatedCluster } from "./simulated-cluster.ts";

// The roles that talk to the API server, which is simulated here. The verifier runs when it is asked for.
let store: Store | undefined;
let cluster = new SimulatedCluster(0, 0);
let streamer: StreamRole | undefined;
let verifier: VerifyRole | undefined;
const running: Promise<void>[] = [];

function common(holder: string, from: Store) {
  return {
    store: from.scope(SCOPE),
    manifest: from.manifest,
    lease: { holder, ttlMs: DEFAULT_LEASE_TTL_MS },
    clock: systemClock,
    logger,
    random: Math.random,
    listWatch: cluster,
    listSlot: async <T>(_: AbortSignal, work: () => Promise<T>) => work(),
    pageSize: 500,
  };
}

const procedures = {
  /** Connects, and makes the cluster. The size of an object, in bytes. */
  async open(target: string, objects: number, bytes: number): Promise<number> {
    cluster = new SimulatedCluster(objects, bytes);
    store = await openRedisStore({ target, logger });
    return cluster.objectBytes;
  },

  /** Starts to stream, with a list. */
  stream(): Emitted {
    streamer = new StreamRole({ ...common("streamer", store!), pollEveryMs: 30_000 });
    running.push(streamer.run(stop.signal));
    return { startedAt: wallNow(), version: cluster.version };
  },

  async burst(events: number): Promise<Emitted> {
    return emitBurst(cluster, events, () => streamer?.queued ?? 0);
  },

  async paced(events: number, everyMs: number): Promise<Emitted> {
    return emitPaced(cluster, events, everyMs);
  },

  /** Lists for a verification, before which the watch has missed so many changes. */
  async verify(changes: number): Promise<Emitted> {
    cluster.changeSilently(changes);
    const startedAt = wallNow();
    let asked = false;
    verifier = new VerifyRole({
      ...common("verifier", store!),
      everyMs: 86_400_000,
      onState: ({ phase }) => {
        if (phase !== "waiting" || asked) return;
        asked = true;
        queueMicrotask(() => verifier?.verifyNow());
      },
    });
    running.push(verifier.run(stop.signal));
    while ((verifier.report?.snapshots ?? 0) === 0) await sleep(5);
    // The stream has come as far as the list: then what it has missed can be told.
    await cluster.bookmark();
    return { startedAt, version: cluster.version };
  },

  /** How often the stream had to list anew, by cause. */
  desyncs(): Readonly<Record<string, number>> {
    return streamer?.report?.desyncs ?? {};
  },
};

export type Streamer = typeof procedures;

serve(procedures, async () => {
  await Promise.all(running);
  await store?.[Symbol.asyncDispose]();
});
