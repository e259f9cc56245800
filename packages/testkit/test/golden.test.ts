import { readFileSync } from "node:fs";
import { createTlsMaterial } from "@krm/testkit";
import { beforeAll, describe, expect, it } from "vitest";
import { NOT_SERVED } from "./golden/discovery.ts";
import { type Outcome, replay } from "./golden/replay.ts";
import { isExchange, loadScenarios, stepName } from "./golden/scenario.ts";

/** Steps that the simulated API server answers otherwise, and why. The same table stands in the README. */
const NOT_IMITATED: ReadonlyMap<string, string> = new Map([]);

/** Steps with defaults that stand elsewhere among the members of their object: behind those that were sent. */
const ORDERED_OTHERWISE: ReadonlySet<string> = new Set([
  "10/13 GET /api/v1/namespaces/team-0/pods?includeObject=Object",
]);

const scenarios = loadScenarios();
const tls = await createTlsMaterial();

describe.each(scenarios)("$name", (scenario) => {
  let outcomes: Map<number, Outcome>;

  beforeAll(async () => {
    outcomes = await replay(scenarios, scenario.name, tls);
  });

  const steps = scenario.steps.flatMap((step, index) =>
    isExchange(step) ? [[stepName(scenario, index), index] as const] : [],
  );

  it.for(steps)("%s", ([title, index], context) => {
    const { recorded, replayed } = outcomes.get(index) as Outcome;
    const why = NOT_IMITATED.get(title);
    if (why === undefined) {
      expect(replayed).toEqual(recorded);
      // The bytes, but for members that are sorted otherwise.
      if (!ORDERED_OTHERWISE.has(title)) expect(JSON.stringify(replayed.body)).toBe(JSON.stringify(recorded.body));
      return;
    }
    // A step on the list must differ, or the list is not true any more.
    expect(replayed, `${title} is imitated now: take it off the list`).not.toEqual(recorded);
    context.skip(why);
  });
});

it("skips nothing that was not recorded", () => {
  const titles = scenarios.flatMap((scenario) => scenario.steps.map((_, index) => stepName(scenario, index)));
  expect(titles).toEqual(expect.arrayContaining([...NOT_IMITATED.keys(), ...ORDERED_OTHERWISE]));
});

it("names in the README what is not imitated", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const listed = [...NOT_IMITATED.keys(), ...ORDERED_OTHERWISE, ...NOT_SERVED];
  expect(listed.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
