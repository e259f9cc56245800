import { DEPLOYMENTS, PODS } from "@krm/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { acceptsGzip, goJson, goMapJson, goYaml, listEnvelope, objectHead, parseExact } from "../src/index.ts";

const CUSTOM = { ...PODS, group: "example.com", kind: "Widget", listKind: "WidgetList", custom: true };

test("what stands around the bytes of items makes a list", () => {
  const meta = { resourceVersion: "7", continue: "<t>", remainingItemCount: 2 };
  const { head, tail } = listEnvelope(DEPLOYMENTS, meta);
  expect(`${head}{},{}${tail}`).toBe(
    '{"kind":"DeploymentList","apiVersion":"apps/v1","metadata":{"resourceVersion":"7","continue":"\\u003ct\\u003e","remainingItemCount":2},"items":[{},{}]}\n',
  );
  const custom = listEnvelope(CUSTOM, { resourceVersion: "7" });
  expect(`${custom.head}{}${custom.tail}`).toBe(
    '{"apiVersion":"example.com/v1","items":[{}],"kind":"WidgetList","metadata":{"continue":"","resourceVersion":"7"}}\n',
  );
});

test("an object says first what it is, in the order of its kind", () => {
  expect(objectHead(PODS)).toBe('{"kind":"Pod","apiVersion":"v1",');
  expect(objectHead(CUSTOM)).toBe('{"apiVersion":"example.com/v1","kind":"Widget",');
});

test("JSON is escaped as Go does it", () => {
  const value = { b: "<a href='x'>&\u2028", a: [{ d: 1, c: null }] };
  expect(goJson(value)).toBe(`{"b":"\\u003ca href='x'\\u003e\\u0026\\u2028","a":[{"d":1,"c":null}]}`);
  expect(goMapJson(value)).toBe(`{"a":[{"c":null,"d":1}],"b":"\\u003ca href='x'\\u003e\\u0026\\u2028"}`);
});

test("YAML is written as sigs.k8s.io/yaml does it", () => {
  const value = { z: ["yes", "1", 1], a: { "f:x": { ".": {} } }, m: "two\nlines\n", e: [], o: null };
  expect(goYaml(value)).toBe(
    [
      "a:",
      "  f:x:",
      "    .: {}",
      "e: []",
      "m: |",
      "  two",
      "  lines",
      "o: null",
      "z:",
      '- "yes"',
      '- "1"',
      "- 1",
      "",
    ].join("\n"),
  );
});

/** As readers of YAML 1.1 do, a lone dot being the text that it is to them. */
function readBack(yaml: string): unknown {
  return parse(yaml, {
    version: "1.1",
    schema: "yaml-1.1",
    merge: true,
    customTags: (tags) =>
      tags.filter((tag) => typeof tag === "string" || !("test" in tag) || tag.tag !== FLOAT || !tag.test?.test(".")),
  });
}

const FLOAT = "tag:yaml.org,2002:float";

test("YAML gives every text back", () => {
  const marks = [
    '".":',
    ".",
    "-",
    "?",
    ":",
    "#",
    "'",
    '"',
    "---",
    "...",
    "%",
    "|",
    ">",
    "{",
    "[",
    ",",
    "&",
    "*",
    "!",
    "@",
    "`",
  ];
  const breaks = ["\u0085", "\u2028", "\u2029", "\ufeff", "\ufffe", "\u0000", "\u007f", "\r", "\t", " ", "\n", "\\"];
  const numbers = ["1", "1.5", "08", "0o7", "0x1F", "0B1", "1e3", "1:30", "2001-01-01", ".inf", "_", "+"];
  const words = ["<<", "=", "~", "a", "é", "😀", "yes", "n", "null"];
  const odd = fc.constantFrom(...marks, ...breaks, ...numbers, ...words);
  const piece = fc.oneof({ weight: 4, arbitrary: odd }, fc.string({ unit: "binary", maxLength: 4 }));
  const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("").toWellFormed());
  fc.assert(
    fc.property(text, text, (key, value) => {
      fc.pre(key !== "__proto__");
      const tree = { data: { [key]: value, list: [value, { [value]: key }] }, [key]: value };
      expect(readBack(goYaml(tree))).toEqual(tree);
      expect(readBack(goYaml([tree, value]))).toEqual([tree, value]);
    }),
    { seed: 20_260_106, numRuns: 3000 },
  );
});

test("YAML leaves alone what is inside of texts", () => {
  const script = 'f:x:\n  ".": {}\n- ".": 1\n';
  expect(goYaml({ data: { script } })).toBe('data:\n  script: |\n    f:x:\n      ".": {}\n    - ".": 1\n');
  expect(goYaml({ data: { "<<": "=", a: " \n" } })).toBe('data:\n  "<<": "="\n  a: " \\n"\n');
});

test("YAML writes numbers as JSON had them", () => {
  const json = '{"a":9007199254740993,"b":1.0,"c":-0,"d":1E400,"e":12,"f":0.5,"g":[18446744073709551615]}';
  expect(goYaml(parseExact(json))).toBe(
    "a: 9007199254740993\nb: 1.0\nc: -0\nd: 1E400\ne: 12\nf: 0.5\ng:\n- 18446744073709551615\n",
  );
});

test.for<[string | undefined, boolean]>([
  [undefined, false],
  ["", false],
  ["identity", false],
  ["gzip", true],
  ["deflate, GZIP;q=0.1", true],
  ["gzipped", false],
])("Accept-Encoding: %s", ([header, takes]) => {
  expect(acceptsGzip(header)).toBe(takes);
});
