import { createTlsMaterial } from "@krm/testkit";
import { beforeAll, describe, expect, it } from "vitest";
import { type Outcome, replay } from "./golden/replay.ts";
import { isExchange, loadScenarios, stepName } from "./golden/scenario.ts";

/** Steps that the simulated API server answers otherwise, and why. The same table stands in the README. */
const NOT_IMITATED: ReadonlyMap<string, string> = new Map([]);

const scenarios = loadScenarios();
const tls = await createTlsMaterial();

describe.each(scenarios)("$name", (scenario) => {
  let outcomes: Map<number, Outcome>;

  beforeAll(async () => {
    outcomes = await replay(scenarios, scenario.name, tls);
  });

  const steps = scenario.steps
    .map((step, index) => ({ index, step, title: stepName(scenario, index) }))
    .filter(({ step }) => isExchange(step));

  for (const { index, title } of steps) {
    const why = NOT_IMITATED.get(title);
    it(`${title}`, (context) => {
      const { recorded, replayed } = outcomes.get(index) as Outcome;
      if (why === undefined) {
        expect(replayed).toEqual(recorded);
        return;
      }
      // A step on the list must differ, or the list is not true any more.
      expect(replayed, `${title} is imitated now: take it off the list`).not.toEqual(recorded);
      context.skip(why);
    });
  }
});

it("skips nothing that was not recorded", () => {
  const titles = scenarios.flatMap((scenario) => scenario.steps.map((_, index) => stepName(scenario, index)));
  expect(titles).toEqual(expect.arrayContaining([...NOT_IMITATED.keys()]));
});
