import { createTlsMaterial } from "@krm/testkit";
import { beforeAll, describe, expect, it } from "vitest";
import { isWrite, type Outcome, replay } from "../../packages/testkit/test/golden/replay.ts";
import { isExchange, loadScenarios, stepName } from "../../packages/testkit/test/golden/scenario.ts";
import { KrmReader } from "./replay/krm-reader.ts";
import { HEADERS_OTHERWISE, NOT_AS_RECORDED, ORDERED_OTHERWISE, type Otherwise } from "./replay/otherwise.ts";

const scenarios = loadScenarios();
const tls = await createTlsMaterial();

/** What the API server answered, but for the writes that succeeded: those make the cluster that is read. */
const asked = scenarios.map((scenario) => ({
  name: scenario.name,
  steps: scenario.steps.flatMap((step, index) =>
    isExchange(step) && !isWrite(step) ? [[stepName(scenario, index), index] as const] : [],
  ),
}));

describe.each(asked.filter(({ steps }) => steps.length > 0))("$name", ({ name, steps }) => {
  let outcomes: Map<number, Outcome>;

  beforeAll(async () => {
    outcomes = await replay(scenarios, name, tls, async (world) => KrmReader.start(world));
  });

  const [otherwise, same] = [true, false].map((listed) =>
    steps.filter(([title]) => NOT_AS_RECORDED.has(title) === listed),
  );

  it.for(otherwise ?? [])("%s is answered otherwise", ([title, index]) => {
    const { recorded, replayed } = outcomes.get(index) as Outcome;
    const { why, status, reason } = NOT_AS_RECORDED.get(title) as Otherwise;
    expect({ status: replayed.status, reason: reasonOf(replayed.body) }, why).toEqual({ status, reason });
    // A step on the list must differ, or the list is not true any more.
    expect(replayed, `${title} is answered as recorded now: take it off the list`).not.toEqual(recorded);
  });

  it.for(same ?? [])("%s", ([title, index]) => {
    const { recorded, replayed } = outcomes.get(index) as Outcome;
    const { headers, ...answer } = replayed;
    expect(answer).toEqual({ status: recorded.status, body: recorded.body });
    if (HEADERS_OTHERWISE.has(title)) expect(headers).not.toEqual(recorded.headers);
    else expect(headers).toEqual(recorded.headers);
    // The bytes, but for members that are sorted otherwise.
    if (!ORDERED_OTHERWISE.has(title)) expect(JSON.stringify(answer.body)).toBe(JSON.stringify(recorded.body));
  });
});

it("lists nothing that was not recorded", () => {
  const titles = new Set(asked.flatMap(({ steps }) => steps.map(([title]) => title)));
  const listed = [...NOT_AS_RECORDED.keys(), ...HEADERS_OTHERWISE.keys(), ...ORDERED_OTHERWISE];
  expect(listed.filter((title) => !titles.has(title))).toEqual([]);
});

/** The reason of a Status: a body of its own, as text, or in the first frame of a stream. */
function reasonOf(body: unknown): string | undefined {
  const read: unknown = typeof body === "string" && body.startsWith("{") ? JSON.parse(body) : body;
  const first: unknown = Array.isArray(read) ? read[0] : read;
  const { object, reason } = (typeof first === "object" ? first : {}) as {
    readonly object?: { readonly reason?: string };
    readonly reason?: string;
  };
  return (object ?? { reason }).reason;
}
