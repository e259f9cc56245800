import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { CHART } from "./support/rendered-chart.ts";

interface Amounts {
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
}

const isAmounts = (value: object): value is Amounts => "requests" in value && "limits" in value;

/** Values whose keys are the user's: they are one. */
const MAPS = ["monitoring.grafanaDashboards.labels"];

/** Each single value, by its path, as the table shows it. */
function leaves(value: unknown, path: string): readonly (readonly [path: string, shown: string])[] {
  const plain = typeof value === "string" ? value : JSON.stringify(value);
  if (typeof value !== "object" || value === null) return [[path, plain === "" ? "" : `\`${plain}\``]];
  if (isAmounts(value)) {
    const { requests, limits } = value;
    return [[path, ["cpu", "memory"].map((what) => `${what} ${requests[what]} to ${limits[what]}`).join(", ")]];
  }
  if (Array.isArray(value) || Object.keys(value).length === 0 || MAPS.includes(path))
    return [[path, plain.length > 40 ? "see values.yaml" : `\`${plain}\``]];
  return Object.entries(value).flatMap(([key, below]) => leaves(below, path === "" ? key : `${path}.${key}`));
}

describe("the table of values in the chart's README", () => {
  const values: unknown = parse(readFileSync(join(CHART, "values.yaml"), "utf8"));
  const table =
    /<!-- values -->([^]*)<!-- \/values -->/.exec(readFileSync(join(CHART, "README.md"), "utf8"))?.[1] ?? "";
  const rows = table
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split("|")
        .slice(1, 4)
        .map((cell) => cell.trim()),
    );

  it("has every value with its default, and no other", () => {
    expect(rows.map(([path = "", shown = ""]) => [path.replaceAll("`", ""), shown])).toEqual(leaves(values, ""));
  });

  it("says something of each", () => {
    expect(rows.filter(([, , text]) => text === "")).toEqual([]);
  });
});
