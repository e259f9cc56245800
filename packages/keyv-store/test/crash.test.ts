import { SeededRandom } from "@krm/testkit";
import { expect, test } from "vitest";
import { FaultyAdapter } from "./support/faulty-adapter.ts";
import { openPersistence, textOf } from "./support/open-persistence.ts";
import { Model, randomCommit, type ScopedCommit } from "./support/random-commits.ts";

const SEEDS = 30;
const COMMITS = 8;

/** Writes a history until it ends or the process dies. What may be there then is one of two. */
async function writeUntilDeath(
  adapter: FaultyAdapter,
  history: readonly ScopedCommit[],
): Promise<readonly [Model, Model]> {
  let model = new Model();
  try {
    const persistence = await openPersistence(adapter);
    for (const one of history) {
      const before = model;
      model = model.after(one);
      try {
        await persistence.commit(one.scope, one.commit);
      } catch (error) {
        expect(error).toMatchObject({ code: "KRM_STORE_FAILED" });
        return [before, model];
      }
    }
  } catch (error) {
    expect(error).toMatchObject({ code: "KRM_STORE_FAILED" });
  }
  return [model, model];
}

for (const quietly of [false, true])
  test(`after a crash at any write, a load shows the last commit whole (${quietly ? "answers" : "throws"})`, async () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const random = new SeededRandom(seed);
      const history = Array.from({ length: COMMITS }, (_, index) => randomCommit(random, index + 1));
      const whole = new FaultyAdapter(new Map(), random);
      await writeUntilDeath(whole, history);
      for (let after = 0; after <= whole.writes; after++) {
        const data = new Map<string, unknown>();
        const fault = { after, times: Number.POSITIVE_INFINITY, lands: random.chance(0.5), quietly };
        const allowed = await writeUntilDeath(new FaultyAdapter(data, random, fault), history);

        // Dies again while it recovers, now and then.
        const again = { ...fault, after: random.integer(0, 12), lands: random.chance(0.5) };
        if (random.chance(0.5))
          await openPersistence(new FaultyAdapter(data, random, again))
            .then(textOf)
            .catch(() => {});

        const where = `seed ${seed}, after ${after} writes`;
        const recovered = await openPersistence(new FaultyAdapter(data, random));
        const text = await textOf(recovered);
        const model = allowed.find((one) => one.text === text);
        expect(model, where).toBeDefined();

        const next = randomCommit(random, 100);
        await recovered.commit(next.scope, next.commit);
        const reopened = await openPersistence(new FaultyAdapter(data, random));
        expect(await textOf(reopened), where).toBe(model?.after(next).text);
        expect(
          [...data.keys()].filter((key) => key.startsWith("krm/redo/")),
          where,
        ).toEqual([]);
      }
    }
  });
