import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { EXIT, run } from "@krm/cli";
import { KRM_ERROR_CODES } from "@krm/core";
import { metricCatalogue } from "@krm/metrics/prometheus";
import { VIEW_STATES } from "@krm/protocol";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { anchorsOf, inlineCode, OPERATE, ROOT, rowsOf } from "./support/operate-document.ts";
import { CHART, DEPLOY } from "./support/rendered-chart.ts";

const code = inlineCode(OPERATE);
const words = (pattern: RegExp): readonly string[] => [...new Set(OPERATE.match(pattern))];
const read = (path: string): string => readFileSync(path, "utf8");

describe("docs/operate.md", () => {
  const values = parse(read(join(CHART, "values.yaml"))) as Readonly<Record<string, unknown>>;
  /** Whether there is such a value; `pods` and the like are the user's own. */
  const isValue = (path: string): boolean =>
    path
      .split(".")
      .reduce<unknown>((at, key) => (at as Readonly<Record<string, unknown>> | undefined)?.[key], values) !== undefined;

  it("names values that the chart has", () => {
    // Those of another chart stand in a first column.
    const others = new Set(rowsOf(OPERATE, "Helm values").flatMap(([first = ""]) => inlineCode(first)));
    const roots = Object.keys(values).join("|");
    const named = code
      .filter((text) => !others.has(text))
      .map((text) => new RegExp(`^((?:${roots})(?:\\.\\w+)*)(?:=.*)?$`).exec(text)?.[1] ?? "")
      .filter((path) => path.includes("."));
    expect(named.length).toBeGreaterThan(50);
    expect([...new Set(named)].filter((path) => !isValue(path))).toEqual([]);
  });

  it("names metrics that there are", () => {
    const known = metricCatalogue().map(({ name }) => name);
    const named = words(/\bkrm_\w+/g);
    expect(named.length).toBeGreaterThan(15);
    expect(
      named.filter((name) => !known.some((each) => each === name || (name.endsWith("_") && each.startsWith(name)))),
    ).toEqual([]);
  });

  it("has every alert, and no other", () => {
    const { groups } = parse(read(join(DEPLOY, "prometheus/krm-alerts.yml"))) as {
      readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[];
    };
    const known = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
    expect(words(/\bKrm[A-Z]\w+/g).toSorted()).toEqual(known.toSorted());
  });

  it("has every state of a view, and no other", () => {
    const named = [...OPERATE.matchAll(/`KRM-State: ([^`]+)`/g)].map(([, state = ""]) => state);
    expect([...new Set(named)].toSorted()).toEqual([...VIEW_STATES].toSorted());
  });

  it("names errors that there are", () => {
    const named = words(/\bKRM_(?!STORE\b)[A-Z_]+\b/g);
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !(KRM_ERROR_CODES as readonly string[]).includes(name))).toEqual([]);
  });

  it("names causes of gaps that metrics tell, and of errors that the protocol has", () => {
    const gaps = [...OPERATE.matchAll(/cause `([\w-]+)`/g)].map(([, cause = ""]) => cause);
    const spec = read(join(ROOT, "packages/core/SPEC.md"));
    expect(gaps.length).toBeGreaterThan(3);
    for (const cause of gaps) expect(spec, cause).toContain(`\`${cause}\``);
    const protocol = read(join(ROOT, "docs/protocol.md"));
    for (const [, cause = ""] of OPERATE.matchAll(/50[0-9] `([A-Z]\w+)`/g))
      expect(protocol, cause).toContain(`\`${cause}\``);
  });

  it("names flags that krm has", async () => {
    let help = "";
    const output = { isTTY: false, columns: 100, rows: 40, write: (text: string) => ((help += text), true) };
    const { signal } = new AbortController();
    for (const command of ["stream", "verify", "merge", "serve", "metrics", "status", "monitor"])
      expect(await run([command, "--help"], { stdout: output, stderr: output, env: {}, signal })).toBe(EXIT.ok);
    const named = code.filter((text) => /^--[a-z-]+$/.test(text));
    expect(named.length).toBeGreaterThan(5);
    for (const flag of named) expect(help, flag).toContain(flag);
  });

  it("links to files and places that there are", () => {
    const broken = [...OPERATE.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)].filter(([, path = "", place]) => {
      const file = path === "" ? join(ROOT, "docs/operate.md") : join(ROOT, "docs", path);
      if (!existsSync(file)) return true;
      return place !== undefined && !(statSync(file).isFile() && anchorsOf(read(file)).has(place));
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });
});

describe("the formulae of docs/operate.md for memory", () => {
  const measured = rowsOf(read(join(CHART, "README.md")), "Sizes").map((cells) =>
    cells.map((cell) => parseFloat(cell)),
  );
  const bytes = [0.54, 11, 107];
  /** In the order of the columns that were measured. */
  const processes = ["streamer", "verifier", "aggregator", "server", "collector", "Redis", "all-in-one"];

  it.each(rowsOf(OPERATE, "Sizing"))("give what was measured, or more: %s", (process, formula = "") => {
    const [, base, each] = /^(\d+) \+ ([\d.]+) × B$/.exec(formula) ?? [];
    const column = processes.indexOf(process?.replaceAll("`", "") ?? "") + 1;
    expect(column).toBeGreaterThan(0);
    for (const [at, mib] of bytes.entries()) {
      const told = Number(base) + Number(each) * mib;
      const was = measured[at]?.[column] ?? Number.NaN;
      expect(told, `${mib} MiB`).toBeGreaterThanOrEqual(was * 0.97);
      expect(told, `${mib} MiB`).toBeLessThanOrEqual(Math.max(was * 1.3, was + 10));
    }
  });

  it("are there for every process that was measured", () => {
    expect(rowsOf(OPERATE, "Sizing").map(([process]) => process?.replaceAll("`", ""))).toEqual(processes);
  });
});
