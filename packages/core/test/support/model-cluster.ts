import {
  type MergeInput,
  type ObjectKey,
  type Observation,
  parseResourceVersion,
  type ResourceVersion,
  type Snapshot,
  type SnapshotEntry,
  type StoredObject,
} from "../../src/index.ts";
import { storedObject } from "./objects.ts";

/** A seeded generator of numbers below `n`: mulberry32. */
export function randomBelow(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

/** One thing that happened. */
export interface HistoryEvent {
  readonly version: bigint;
  readonly object: StoredObject;
  readonly gone: boolean;
}

/**
 * The cluster as brute force sees it: everything that ever happened, in order, searched from the start at each
 * question. Versions straddle a change of digits, 2^53 or 2^64.
 */
export class ModelCluster {
  readonly events: HistoryEvent[] = [];
  readonly keys: readonly string[];
  #version: bigint;
  #uids = 0;
  readonly #random: (n: number) => number;

  constructor(random: (n: number) => number, keys = 4) {
    this.#random = random;
    this.keys = Array.from({ length: keys }, (_, i) => `o${i}`);
    this.#version = [95n, 9_007_199_254_740_985n, 18_446_744_073_709_551_600n][random(3)] ?? 95n;
  }

  get version(): bigint {
    return this.#version;
  }

  /** Something else in the cluster moves the version. */
  pass(): void {
    this.#version += BigInt(1 + this.#random(2));
  }

  /** Creates, changes or deletes one object. */
  act(): HistoryEvent {
    const name = this.keys[this.#random(this.keys.length)] as string;
    const last = this.events.findLast((event) => event.object.name === name);
    this.#version += 1n;
    const alive = last !== undefined && !last.gone;
    const gone = alive && this.#random(3) === 0;
    const uid = alive ? last.object.uid : `u${this.#uids++}`;
    const event = { version: this.#version, object: storedObject(name, uid, this.#version), gone };
    this.events.push(event);
    return event;
  }

  /** What the cluster held of `name` at `version`. */
  at(name: string, version: bigint): StoredObject | undefined {
    const last = this.events.findLast((event) => event.object.name === name && event.version <= version);
    return last === undefined || last.gone ? undefined : last.object;
  }

  /** The complete list at this moment. */
  snapshot(): Snapshot {
    const entries = new Map<ObjectKey, SnapshotEntry>();
    for (const name of this.keys) {
      const object = this.at(name, this.#version);
      if (object !== undefined)
        entries.set(object.key, { uid: object.uid, resourceVersion: object.resourceVersion, object });
    }
    return { resourceVersion: this.resourceVersion, takenAt: 0, entries };
  }

  get resourceVersion(): ResourceVersion {
    return parseResourceVersion(String(this.#version));
  }
}

/** The input that an event makes when the watch tells of it. */
export function observed(event: HistoryEvent): Extract<MergeInput, { type: "observed" }> {
  const type = event.gone ? "deleted" : "applied";
  const observation: Observation = { type, object: event.object, origin: "live", observedAt: 0 };
  return { type: "observed", epoch: 0, observation };
}
