import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LabelRequirement, parseLabelSelector } from "../src/index.ts";
import { refusalOf } from "./refusal-of.ts";
import { SEED } from "./seed.ts";

const KEYS = ["app", "tier", "n", "constructor", "example.com/app"];
const VALUES = ["", "web", "db", "1", "2", "-3", "010", "9223372036854775807", "9223372036854775808", "in", "notin"];
/** Label values cannot start with `-`, so numbers below zero cannot be asked for; labels of objects may hold anything. */
const WRITABLE = VALUES.filter((value) => !value.startsWith("-"));

const key = fc.constantFrom(...KEYS);
const value = fc.constantFrom(...WRITABLE);
const integer = fc.constantFrom("0", "1", "2", "10", "010", "9223372036854775807");
const term: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(key, fc.constantFrom("=", "==", "!="), value).map((parts) => parts.join("")),
  fc
    .tuple(key, fc.constantFrom(" in ", " notin "), fc.uniqueArray(value, { minLength: 1 }))
    .map(([name, operator, values]) => `${name}${operator}(${values.join(",")})`),
  fc.tuple(key, fc.constantFrom(">", "<"), integer).map((parts) => parts.join("")),
  key,
  key.map((name) => `!${name}`),
);
const selectorText: fc.Arbitrary<string> = fc.array(term, { maxLength: 5 }).map((terms) => terms.join(","));
const labels: fc.Arbitrary<Record<string, string>> = fc.dictionary(key, fc.constantFrom(...VALUES));

function holds(requirement: LabelRequirement, set: Readonly<Record<string, string>>): boolean {
  const present = Object.hasOwn(set, requirement.key);
  const held = set[requirement.key] ?? "";
  const asInt64 =
    /^[+-]?\d+$/u.test(held) && BigInt.asIntN(64, BigInt(held)) === BigInt(held) ? BigInt(held) : undefined;
  const bound = (): bigint => BigInt(requirement.values[0] ?? "");
  switch (requirement.operator) {
    case "=":
    case "==":
    case "in":
      return present && requirement.values.includes(held);
    case "!=":
    case "notin":
      return !(present && requirement.values.includes(held));
    case "exists":
      return present;
    case "!":
      return !present;
    case "gt":
      return present && asInt64 !== undefined && asInt64 > bound();
    case "lt":
      return present && asInt64 !== undefined && asInt64 < bound();
    default:
      return requirement.operator satisfies never;
  }
}

describe("properties", () => {
  test("a selector printed and parsed again is the same selector", () => {
    fc.assert(
      fc.property(selectorText, (text) => {
        const selector = parseLabelSelector(text);
        const again = parseLabelSelector(selector.toString());
        expect(again.toString()).toBe(selector.toString());
        expect(again.requirements.map((requirement) => requirement.values)).toEqual(
          selector.requirements.map((requirement) => requirement.values),
        );
      }),
      { seed: SEED },
    );
  });

  test("matching agrees with the definition of every operator", () => {
    fc.assert(
      fc.property(selectorText, labels, (text, set) => {
        const selector = parseLabelSelector(text);
        expect(selector.matches(set)).toBe(selector.requirements.every((requirement) => holds(requirement, set)));
      }),
      { seed: SEED, numRuns: 1000 },
    );
  });

  const wild = fc.oneof(
    fc.string({ unit: "binary", maxLength: 200 }),
    fc
      .array(fc.constantFrom(..."!(),<>= \t\0ab/-.", "in", "notin", "==", "!="), { maxLength: 40 })
      .map((parts) => parts.join("")),
  );

  test("any text is either a selector that prints and parses back, or a 400", () => {
    fc.assert(
      fc.property(wild, (text) => {
        const refused = refusalOf(() => {
          const selector = parseLabelSelector(text);
          selector.matches({ app: "web" });
          expect(parseLabelSelector(selector.toString()).toString()).toBe(selector.toString());
        });
        expect(refused?.status.code ?? 400).toBe(400);
        expect(refused?.message).not.toBe("");
      }),
      { seed: SEED, numRuns: 2000 },
    );
  });

  test("a text of any length is read in one go", () => {
    const long = `${"a".repeat(100_000)}${"-".repeat(100_000)}`;
    expect(() => parseLabelSelector(long)).toThrow(/must be no more than 63 bytes; name part must consist of/u);
    expect(() => parseLabelSelector(`${"a.".repeat(100_000)}/x`)).toThrow(/must be no more than 253 bytes/u);
    expect(parseLabelSelector(`a in (${"b,".repeat(50_000)}c)`).requirements[0]?.values).toEqual(["b", "c"]);
  });
});

describe("syntax", () => {
  test.for([
    ["", ""],
    ["   ", ""],
    ["app", "app"],
    ["!app", "!app"],
    ["! app", "!app"],
    ["b=1,a=2", "a=2,b=1"],
    ["a==b", "a==b"],
    ["a!=b", "a!=b"],
    ["a in (c, b ,b)", "a in (b,c)"],
    ["a notin ()", "a notin ()"],
    ["a in (,)", "a in ()"],
    ["a in (x,)", "a in (,x)"],
    ["a in (x,,y)", "a in (,x,y)"],
    ["a=", "a="],
    ["a=,b", "a=,b"],
    ["in in (in)", "in in (in)"],
    ["notin", "notin"],
    ["a>1", "a>1"],
    ["example.com/a", "example.com/a"],
    ["a\0", "a"],
  ] as const)("%j is %j", ([text, canonical]) => {
    expect(parseLabelSelector(text).toString()).toBe(canonical);
  });

  test.for([
    ["a in", "unable to parse requirement: found '' expected: '('"],
    ["a in (x", "unable to parse requirement: found '', expected: ',' or ')'"],
    ["a in (x,", "unable to parse requirement: found '', expected: ',', or identifier"],
    ["a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"],
    ["a in (x,,)", "unable to parse requirement: found ')', expected: ',', or identifier"],
    ["!", "unable to parse requirement: found '', expected: identifier"],
    ["!a=b", "found '=', expected: ',' or 'end of string'"],
    ["a=b=c", "found '=', expected: ',' or 'end of string'"],
    ["a===b", "unable to parse requirement: found '=', expected: identifier"],
    [",a", "found ',', expected: !, identifier, or 'end of string'"],
    ["a,,b", "found ',', expected: identifier after ','"],
    [
      "a>x",
      `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
    ],
    ["a=b!", "found '!', expected: ',' or 'end of string'"],
    [
      "a=-",
      `unable to parse requirement: values[0][a]: Invalid value: "-": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
    ],
    ["/a", `unable to parse requirement: <nil>: Invalid value: "/a": prefix part must be non-empty`],
    [
      "Example.com/a",
      `unable to parse requirement: <nil>: Invalid value: "Example.com/a": prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    ],
  ] as const)("%j is refused", ([text, message]) => {
    expect(() => parseLabelSelector(text)).toThrow(expect.objectContaining({ message }));
  });

  test("a label named like what every object inherits is absent until it is there", () => {
    const selector = parseLabelSelector("!constructor,!toString");
    expect(selector.matches({})).toBe(true);
    expect(selector.matches({ toString: "x" })).toBe(false);
  });
});
