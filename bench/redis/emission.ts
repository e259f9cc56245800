import { setTimeout as sleep } from "node:timers/promises";
import { wallNow } from "./messages.ts";
import { CHUNK_EVENTS, type SimulatedCluster } from "./simulated-cluster.ts";

/** A pipeline that has this much before it is given no more: its queues are there for what comes by surprise. */
const MOST_WAITING = 1024;

/** When the first event was emitted (wall clock, epoch milliseconds), and the version of the last one. */
export interface Emitted {
  readonly startedAt: number;
  readonly version: string;
}

/** Emits events as fast as they are taken. `waiting`: how many are not taken up yet. */
export async function emitBurst(cluster: SimulatedCluster, events: number, waiting: () => number): Promise<Emitted> {
  const startedAt = wallNow();
  for (let sent = 0; sent < events; sent += CHUNK_EVENTS) {
    while (waiting() > MOST_WAITING) await sleep(1);
    await cluster.emit(Math.min(CHUNK_EVENTS, events - sent));
  }
  return { startedAt, version: cluster.version };
}

/** Emits one event every so many milliseconds. */
export async function emitPaced(cluster: SimulatedCluster, events: number, everyMs: number): Promise<Emitted> {
  const startedAt = wallNow();
  for (let sent = 0; sent < events; sent++) {
    await sleep(Math.max(0, startedAt + sent * everyMs - wallNow()));
    await cluster.emit(1);
  }
  return { startedAt, version: cluster.version };
}
