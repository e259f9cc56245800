import { setTimeout } from "node:timers/promises";
import {
  advance,
  emptyMergeState,
  type InputLogWriter,
  type RoleInput,
  MergeRole,
  type ObjectKey,
  parseResourceVersion,
  PODS,
  recordsOf,
  silentLogger,
  type SnapshotEntry,
  type StoredObject,
  systemClock,
} from "@krm/core";
import { describe, expect, test } from "vitest";
import { SeededRandom } from "../random/seeded-random.ts";
import { metaAt, storedObject } from "./fixtures.ts";
import type { Harness } from "./suite.ts";
import { writableScope } from "./writable-scope.ts";

const HISTORIES = 40;

/** What a cluster did, as inputs of the merge: events, some lost, and snapshots. */
function history(random: SeededRandom): RoleInput[] {
  const alive = new Map<string, StoredObject>();
  const inputs: RoleInput[] = [];
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

export function historyTests({ open }: Harness): void {
  describe("random histories", () => {
    test(`after each of ${HISTORIES}, view, index and feed are what the merge says`, { timeout: 60_000 }, async () => {
      const store = await open();
      for (let seed = 0; seed < HISTORIES; seed++) {
        const one = writableScope(store.scope({ resource: PODS, namespace: `seed-${seed}` }));
        const start = await one.store.cursor();
        const state = emptyMergeState();
        let told = 0;
        for (const input of history(new SeededRandom(seed))) {
          const { changes } = advance(state, input);
          told += changes.length;
          await one.commit({ changes, meta: metaAt(String(state.position ?? "1")) });
        }
        const expected = [...state.claims]
          .flatMap(([key, claim]) => (claim.gone ? [] : [`${key} ${claim.uid}@${claim.resourceVersion}`]))
          .toSorted();
        const { objects } = await one.store.read();
        const shown = objects.map(({ key, uid, resourceVersion }) => `${key} ${uid}@${resourceVersion}`);
        expect(shown.toSorted(), `seed ${seed}`).toEqual(expected);
        const { entries } = await one.store.index();
        const indexed = [...entries].map(([key, { uid, resourceVersion }]) => `${key} ${uid}@${resourceVersion}`);
        expect(indexed.toSorted(), `seed ${seed}`).toEqual(expected);

        const replayed = new Map<string, string>();
        const stop = new AbortController();
        let seen = 0;
        if (told > 0)
          for await (const batch of one.store.changes({ since: start, signal: stop.signal })) {
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
        expect([...replayed].map(([key, one]) => `${key} ${one}`).toSorted(), `seed ${seed}`).toEqual(expected);
      }
    });

    test("through the logs and a merger of its own, the view is what the merge says", { timeout: 60_000 }, async () => {
      const store = await open();
      for (let seed = 100; seed < 100 + HISTORIES / 2; seed++) {
        const random = new SeededRandom(seed);
        const scope = store.scope({ resource: PODS, namespace: `seed-${seed}` });
        const one = writableScope(scope);
        const logs = { streamer: await one.lease("streamer"), verifier: await one.lease("verifier") };
        const state = emptyMergeState();
        const stop = new AbortController();
        const role = new MergeRole({
          store: scope,
          manifest: store.manifest,
          lease: { holder: "merger", ttlMs: 60_000 },
          clock: systemClock,
          logger: silentLogger,
          random: () => random.next(),
        });
        const running = role.run(stop.signal);
        try {
          for (const [i, input] of history(random).entries()) {
            advance(state, input);
            const log = input.type === "verified" ? logs.verifier : logs.streamer;
            for (const record of recordsOf(input, `list-${i}`))
              await log.log.append([record], { epoch: 0, position: undefined });
            // Which of two logs comes first must not matter, but for what the merge itself says of it.
            if (input.type === "verified") await merged(log);
          }
          await merged(logs.streamer);
        } finally {
          stop.abort();
          await running;
        }
        const expected = [...state.claims].flatMap(([key, claim]) =>
          claim.gone ? [] : [`${key} ${claim.uid}@${claim.resourceVersion}`],
        );
        const { objects, meta } = await scope.read();
        const shown = objects.map(({ key, uid, resourceVersion }) => `${key} ${uid}@${resourceVersion}`);
        expect(shown.toSorted(), `seed ${seed}`).toEqual(expected.toSorted());
        expect(meta.streamedThrough, `seed ${seed}`).toBe(state.position);
        expect(meta.horizon, `seed ${seed}`).toBe(state.horizon);
      }
    });
  });
}

/** Resolves when everything in a log is merged. */
async function merged({ log }: { readonly log: InputLogWriter }): Promise<void> {
  while ((await log.backlog()) > 0) await setTimeout(1);
}
