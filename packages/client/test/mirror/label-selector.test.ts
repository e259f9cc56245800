import { readFileSync } from "node:fs";
import { parseLabelSelector as parseAsServer } from "@krm/apimachinery";
import { SeededRandom } from "@krm/testkit";
import { expect, test } from "vitest";
import { meets, parseLabelSelector } from "../../src/mirror/label-selector.ts";

type Labels = Readonly<Record<string, string>>;

const selects = (text: string, labels: Labels): boolean =>
  parseLabelSelector(text).every((requirement) => meets(requirement, labels));

/** What a kube-apiserver selected, recorded. */
const { pods, selections } = JSON.parse(
  readFileSync(new URL("../../../apimachinery/test/fixtures/selections.json", import.meta.url), "utf8"),
) as {
  readonly pods: readonly { readonly metadata: { readonly name: string; readonly labels?: Labels } }[];
  readonly selections: readonly { readonly labelSelector?: string; readonly names: readonly string[] }[];
};
const recorded = selections.flatMap(({ labelSelector: text, names }) =>
  text === undefined || /[<>]/.test(text) ? [] : [[text, names] as const],
);

test.each(recorded)("%j selects what a kube-apiserver selects", (text, names) => {
  const selected = pods.filter(({ metadata }) => selects(text, metadata.labels ?? {}));
  expect(selected.map(({ metadata }) => metadata.name).toSorted()).toEqual(names.toSorted());
});

test("any text is understood as the server understands it, or refused as there", () => {
  const random = new SeededRandom("selectors");
  const words = [
    "app",
    "tier",
    "x.example/y",
    "a",
    "b",
    "-a",
    "in",
    "notin",
    "(",
    ")",
    ",",
    "=",
    "==",
    "!=",
    "!",
    " ",
    "",
  ];
  const likely = ["app=a", "tier in (a, b)", "tier notin(a,)", "!app", "tier", "app != b", "x.example/y in ()", "app="];
  const objects: readonly Labels[] = ["a", "b", "", undefined].flatMap((app) =>
    ["a", "c", "", undefined].map((tier) => ({
      ...(app !== undefined && { app }),
      ...(tier !== undefined && { tier, "x.example/y": tier }),
    })),
  );
  let understood = 0;
  for (let i = 0; i < 20_000; i++) {
    const text = random.chance(0.5)
      ? Array.from({ length: random.integer(1, 4) }, () => random.pick(likely)).join(random.pick([",", " , ", ", "]))
      : Array.from({ length: random.integer(1, 8) }, () => random.pick(words)).join("");
    const outcome = (selecting: (labels: Labels) => boolean): readonly Labels[] | "refused" => {
      try {
        return objects.filter(selecting);
      } catch {
        return "refused";
      }
    };
    const ours = outcome((labels) => selects(text, labels));
    const theirs = outcome((labels) => parseAsServer(text).matches(labels));
    expect(ours, JSON.stringify(text)).toEqual(theirs);
    if (ours !== "refused") understood++;
  }
  expect(understood).toBeGreaterThan(10_000);
});

test("what every object inherits is no label", () => {
  expect(selects("constructor", {})).toBe(false);
});
