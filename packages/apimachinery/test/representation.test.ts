import { DEPLOYMENTS, PODS } from "@krm/core";
import { expect, test } from "vitest";
import { acceptsGzip, goJson, goMapJson, goYaml, listEnvelope, objectHead } from "../src/index.ts";

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
