import type { Scope } from "@krm/core";
import { SeededRandom } from "@krm/testkit";
import { expect, test } from "vitest";
import { FaultyAdapter } from "./support/faulty-adapter.ts";
import { openPersistence, textOf } from "./support/open-persistence.ts";
import { commitAt, Model, podObject, randomCommit, SCOPES, setObject } from "./support/random-commits.ts";

const SEEDS = 400;

for (const quietly of [false, true])
  test(`after a failed attempt, the same commit or another one is right (${quietly ? "answers" : "throws"})`, async () => {
    let failures = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const random = new SeededRandom(seed);
      const data = new Map<string, unknown>();
      const fault = { after: random.integer(3, 40), times: random.integer(1, 6), lands: random.chance(0.5), quietly };
      const persistence = await openPersistence(new FaultyAdapter(data, random, fault));
      let model = new Model();
      for (let version = 1; version <= 12; version++) {
        const one = randomCommit(random, version);
        const patient = random.chance(0.6);
        for (let done = false; !done;) {
          try {
            await persistence.commit(one.scope, one.commit);
            model = model.after(one);
            done = true;
          } catch (error) {
            expect(error, `seed ${seed}`).toMatchObject({ code: "KRM_STORE_FAILED" });
            failures++;
            done = !patient;
          }
        }
      }
      // One more, so that nothing is left undecided by the last attempt; the fault is over by then.
      const last = randomCommit(random, 100);
      for (;;) {
        const failed = await persistence.commit(last.scope, last.commit).then(
          () => false,
          () => true,
        );
        if (!failed) break;
      }
      const text = model.after(last).text;
      expect(await textOf(persistence), `seed ${seed}`).toBe(text);
      expect(await textOf(await openPersistence(new FaultyAdapter(data, random))), `seed ${seed}`).toBe(text);
    }
    expect(failures).toBeGreaterThan(SEEDS);
  });

test("a load after a failed attempt says how it ended, and what comes next builds on that", async () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = new SeededRandom(seed);
    const data = new Map<string, unknown>();
    const fault = { after: random.integer(3, 40), times: 1, lands: random.chance(0.5), quietly: false };
    const persistence = await openPersistence(new FaultyAdapter(data, random, fault));
    let model = new Model();
    for (let version = 1; version <= 12; version++) {
      const one = randomCommit(random, version);
      const after = model.after(one);
      const failed = await persistence.commit(one.scope, one.commit).then(
        () => false,
        () => true,
      );
      if (!failed) model = after;
      else {
        const text = await textOf(persistence);
        expect([model.text, after.text], `seed ${seed}`).toContain(text);
        model = text === after.text ? after : model;
      }
    }
    expect(await textOf(await openPersistence(new FaultyAdapter(data, random))), `seed ${seed}`).toBe(model.text);
  }
});

test("an attempt that was rejected does not come back with a commit elsewhere", async () => {
  const random = new SeededRandom(1);
  const data = new Map<string, unknown>();
  const [here, elsewhere] = SCOPES as [Scope, Scope];
  const first = await openPersistence(new FaultyAdapter(data, random));
  for (const scope of [here, elsewhere]) await first.commit(scope, commitAt(1, setObject(podObject("a", 1))));

  // What is lost is the answer to the redo record, behind that to the writer's own.
  const fault = { after: 1, times: 1, lands: true, quietly: false };
  const second = await openPersistence(new FaultyAdapter(data, random, fault));
  await expect(second.commit(here, commitAt(2, setObject(podObject("b", 2))))).rejects.toThrow("gone");
  expect(data.get("krm/redo")).toMatchObject({ value: expect.stringContaining("uid-b") });
  await second.commit(elsewhere, commitAt(2));

  const third = await openPersistence(new FaultyAdapter(data, random));
  expect((await third.load(here))?.meta.version).toBe("1");
  expect((await third.load(elsewhere))?.meta.version).toBe("2");
});
