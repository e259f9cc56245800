import { describe, expect, it } from "vitest";
import { EXIT, run } from "../src/index.ts";
import { cellColour, tablePaint } from "../src/output/cell-colour.ts";
import { jsonPath } from "../src/output/jsonpath/json-path.ts";
import { objectOutput } from "../src/output/object-output.ts";
import { sortedBy } from "../src/output/sort-by.ts";
import { painter } from "../src/terminal/paint.ts";
import { Columns } from "../src/text/columns.ts";
import { fakeIo } from "./fake-io.ts";

describe("--output", () => {
  it.each([
    ["tabel", /"tabel" is not one of table, json, jsonpath=TEMPLATE, custom-columns=HEADING:PATH,…/],
    ["jsonpath={.kind", /is no template: "\{" is not closed, at "\{\.kind"/],
    ["jsonpath=.items", /is no template: nothing stands in braces/],
    ["jsonpath={range .items[*]}{.kind}", /\{range\} without \{end\}/],
    ["jsonpath={.kind}{end}", /\{end\} without \{range\}/],
    ["jsonpath={kind}", /"kind" is no path: it begins with ".", at "kind"/],
    ["jsonpath={.items[}", /an index is missing, at its end/],
    ["jsonpath={.items[0}", /"\]" is missing, at its end/],
    ["jsonpath={.items[0]kind}", /"\." or "\[" is missing, at "kind"/],
    ["jsonpath={.items[?(@.kind==]}", /a filter does not end/],
    ["jsonpath={.items[?@.kind]}", /a filter is written \[\?\(…\)\]/],
    ["jsonpath={.items[?(@.kind==)]}", /is no path: /],
    ["jsonpath={.a.}", /a name is missing, at its end/],
    ["jsonpath={'a' b}", /is no text in quotes/],
    ["jsonpath={.items['a',]}", /a name in quotes is missing/],
    ["custom-columns=.metadata.name", /is no column/],
    ["custom-columns=NAME:.metadata.", /a name is missing/],
  ])("%s is refused", (text, told) => {
    expect(() => objectOutput(text, ["table", "json"])).toThrow(told);
  });

  it("is refused under the name under which it was given, before anything is asked", async () => {
    const io = fakeIo();
    expect(await run(["get", "pods", "-o", "jsonpath=.kind"], io)).toBe(EXIT.usage);
    expect(io.stderr.text).toMatch(
      /^krm: --output: ".kind" is no template: nothing stands in braces\. Write \{\.kind\}\./,
    );
    const variable = fakeIo({ env: { KRM_SORT_BY: ".a[" } });
    expect(await run(["get", "pods"], variable)).toBe(EXIT.usage);
    expect(variable.stderr.text).toMatch(/^krm: KRM_SORT_BY: /);
  });
});

describe("a path", () => {
  const pod = {
    metadata: { labels: { "app.kubernetes.io/name": "web", "a-b": "c" } },
    list: [{ n: 1, t: "x" }, { n: 2, t: "(y)" }, { n: 3 }],
  };
  it.each([
    [String.raw`.metadata.labels.app\.kubernetes\.io/name`, ["web"]],
    [".metadata.labels['a-b']", ["c"]],
    [".metadata.labels.a-b", ["c"]],
    [".list[1:].n", [2, 3]],
    [".list[-2:-1].n", [2]],
    [".list[?(@.n>1 && @.t)].n", [2]],
    [`.list[?(@.t=="(y)")].n`, [2]],
    [`.list[?(!@.t)].n`, [3]],
    ["..n", [1, 2, 3]],
    [".list[*]['n','t']", [1, 2, 3, "x", "(y)"]],
    [".list..['t']", ["x", "(y)"]],
    ["$", [pod]],
    [".", [pod]],
    [".list[9].n", []],
    [".none.below[0]", []],
  ])("%s", (path, found) => {
    expect(jsonPath(path)(pod)).toEqual(found);
  });
});

describe("an order", () => {
  it("is by size where there is one, else by text; and what has none comes first, as it came", () => {
    const of = (...values: unknown[]): unknown[] =>
      sortedBy(
        values.map((v) => ({ v })),
        jsonPath(".v"),
      ).map(({ v }) => v);
    expect(of("1Gi", "20", 3, "100m")).toEqual(["100m", 3, "20", "1Gi"]);
    expect(of("b", "a10", "a2", undefined, "a")).toEqual([undefined, "a", "a10", "a2", "b"]);
    expect(of("2026-01-02T00:00:00Z", "2025-12-31T00:00:00Z")[0]).toMatch(/^2025/);
    expect(of(true, null, false)).toEqual([null, false, true]);
  });
});

describe("colours", () => {
  it.each([
    ["STATUS", "Running", "green"],
    ["STATUS", "Pending", "yellow"],
    ["STATUS", "CrashLoopBackOff", "red"],
    ["STATUS", "Ready,SchedulingDisabled", "yellow"],
    ["STATUS", "Init:Error", "red"],
    ["STATUS", "Init:0/1", "yellow"],
    ["STATUS", "SomethingElse", undefined],
    ["READY", "1/2", "yellow"],
    ["READY", "2/2", undefined],
    ["RESTARTS", "3 (2m ago)", "yellow"],
    ["RESTARTS", "0", undefined],
    ["EVENT", "DELETED", "red"],
    ["NAME", "Failed", undefined],
  ])("%s %s: %s", (heading, cell, colour) => {
    expect(cellColour(heading, cell)).toBe(colour);
  });

  it("take no room", () => {
    const rows = [
      ["NAME", "STATUS", "AGE"],
      ["a", "Running", "1m"],
    ];
    const paint = tablePaint(painter(true), rows[0] ?? []);
    const lines = new Columns().lines(rows, (cell, column, row) => paint(cell, column, row === 0));
    const plain = new Columns().lines(rows);
    expect(lines[1]).toBe("a      \u001b[32mRunning\u001b[0m   1m");
    // oxlint-disable-next-line no-control-regex -- what is taken away here
    expect(lines.map((line) => line.replaceAll(/\u001b\[\d+m/gu, ""))).toEqual(plain);
  });
});
