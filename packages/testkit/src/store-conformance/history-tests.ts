import {
  advance,
  emptyMergeState,
  type MergeInput,
  type ObjectKey,
  parseResourceVersion,
  type SnapshotEntry,
  type StoredObject,
} from "@krm/core";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../random/seeded-random.ts";
import { metaAt, storedObject } from "./fixtures.ts";
import type { Harness } from "./suite.ts";

const HISTORIES = 40;

/** What a cluster did, as inputs of the merge: events, some lost, and snapshots. */
function history(random: SeededRandom): MergeInput[] {
  const alive = new Map<string, StoredObject>();
  const inputs: MergeInput[] = [];
  let version = 90;
  for (let step = 0; step < 60; step++) {
    version += random.integer(1, 3);
    const name = `o${random.integer(0, 7)}`;
    const known = alive.get(name);
    const gone = known !== undefined && random.chance(0.3);
    const object = storedObject(name, { uid: known?.uid ?? `u${version}`, version: String(version) });
    if (gone) alive.delete(name);
    else alive.set(name, object);
    const type = gone ? "deleted" : "applied";
    if (random.chance(0.8))
      inputs.push({ type: "observed", epoch: 0, observation: { type, object, origin: "live", observedAt: step } });
    if (!random.chance(0.1)) continue;
    const entries = new Map<ObjectKey, SnapshotEntry>(
      [...alive.values()].map((one) => [one.key, { uid: one.uid, resourceVersion: one.resourceVersion, object: one }]),
    );
    inputs.push({
      type: random.chance(0.5) ? "verified" : "relisted",
      epoch: 0,
      snapshot: { resourceVersion: parseResourceVersion(String(version)), takenAt: step, entries },
    });
  }
  return inputs;
}

export function historyTests({ scope }: Harness): void {
  describe("random histories", () => {
    test(`after each of ${HISTORIES}, view and feed are what the merge says`, { timeout: 60_000 }, async () => {
      const one = await scope();
      for (let seed = 0; seed < HISTORIES; seed++) {
        // Each history begins where the one before it ended: with whatever that left, taken away.
        const random = new SeededRandom(seed);
        const left = (await one.read()).objects;
        const start = await one.cursor();
        const clear = left.map(({ key, uid, resourceVersion }) => ({
          type: "removed" as const,
          key,
          uid,
          resourceVersion,
          finalState: "unknown" as const,
          origin: "list" as const,
          observedAt: 0,
        }));
        await one.commit({ changes: clear, meta: metaAt("1"), drift: [] });
        const state = emptyMergeState();
        let told = clear.length;
        for (const input of history(random)) {
          const { changes, verdicts } = advance(state, input);
          told += changes.length;
          const drift = verdicts.flatMap((verdict) => verdict.drift);
          await one.commit({ changes, meta: metaAt(String(state.position ?? "1")), drift });
        }
        const expected = [...state.claims]
          .flatMap(([key, claim]) => (claim.gone ? [] : [`${key} ${claim.uid}@${claim.resourceVersion}`]))
          .toSorted();
        const { objects } = await one.read();
        expect(
          objects.map(({ key, uid, resourceVersion }) => `${key} ${uid}@${resourceVersion}`).toSorted(),
          `seed ${seed}`,
        ).toEqual(expected);

        const replayed = new Map(
          left.map(({ key, uid, resourceVersion }) => [String(key), `${uid}@${resourceVersion}`]),
        );
        const stop = new AbortController();
        let seen = 0;
        for await (const batch of one.changes({ since: start, signal: stop.signal })) {
          if (batch.type === "reset") throw new Error(`seed ${seed}: the feed has lost the start`);
          for (const { change } of batch.entries) {
            if (change.type === "set")
              replayed.set(change.object.key, `${change.object.uid}@${change.object.resourceVersion}`);
            else replayed.delete(change.key);
          }
          seen += batch.entries.length;
          if (seen === told) break;
        }
        stop.abort();
        expect([...replayed].map(([key, shown]) => `${key} ${shown}`).toSorted(), `seed ${seed}`).toEqual(expected);
      }
    });
  });
}
