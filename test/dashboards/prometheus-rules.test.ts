import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findPromtool, withPromtool } from "@krm/testkit/servers";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { deployed, grafanaQueries } from "./support/dashboard-queries.ts";
import { filledForPrometheus } from "./support/fill-in.ts";
import { namedMetrics, whatIsUnknown } from "./support/promql-names.ts";

vi.setConfig({ testTimeout: 60_000 });

const FOLDER = fileURLToPath(new URL("../../deploy/prometheus/", import.meta.url));
const RULES = ["krm-rules.yml", "krm-alerts.yml"];
const TESTS = ["krm-rules.test.yml", "krm-alerts.test.yml"];
const DASHBOARDS = ["grafana/dashboards/krm-prometheus-delay.json", "grafana/dashboards/krm-prometheus-drift.json"];

/** One rule as it stands in a file. */
interface RuleText {
  readonly name: string;
  readonly text: string;
}

/** The rules of one kind in a file: their name, and all up to the next rule or group. */
function rulesIn(file: string, kind: "alert" | "record"): readonly RuleText[] {
  const parts = deployed(`prometheus/${file}`).split(/^ +- (?=(?:alert|record|name): )/m);
  return parts.flatMap((text) => {
    const name = new RegExp(`^${kind}: (\\S+)`).exec(text)?.[1];
    return name === undefined ? [] : { name, text };
  });
}

/** What is asked, without comments. */
function withoutComments(text: string): string {
  return text.replaceAll(/^\s*#.*$/gm, "");
}

describe("what queries for Prometheus name", () => {
  const isUnknown = whatIsUnknown();

  it.each(DASHBOARDS.flatMap(grafanaQueries))("is told by some process: $name", ({ text }) => {
    const named = namedMetrics(text);
    expect(named).not.toEqual([]);
    expect(named.map(isUnknown).filter((each) => each !== undefined)).toEqual([]);
  });

  it.each(RULES)("is told by some process: %s", (file) => {
    const exprs = withoutComments(deployed(`prometheus/${file}`)).replaceAll(/^ +(?:summary|description): .*$/gm, "");
    const named = namedMetrics(exprs);
    expect(named).not.toEqual([]);
    expect(named.map(isUnknown).filter((each) => each !== undefined)).toEqual([]);
  });

  it("would be found out if nobody told it, or not with that label", () => {
    const of = (promql: string): unknown => namedMetrics(promql).map(isUnknown);
    expect(of('sum(rate(krm_stream_delay_seconds_bucket{source="canary",le="1"}[5m]))')).toEqual([undefined]);
    expect(of("krm_stream_delay_seconds")).toEqual(["krm_stream_delay_seconds"]);
    expect(of('krm_missed_total / krm_view_objects{kind="x"}')).toEqual(["krm_missed_total", "krm_view_objects{kind}"]);
    expect(of("nodejs_eventloop_lag_p99_seconds + nodejs_lag")).toEqual([undefined, "nodejs_lag"]);
  });

  it("is what a rule records, where it has a colon", () => {
    const recorded = rulesIn("krm-rules.yml", "record").map(({ name }) => name);
    const used = RULES.flatMap(
      (file) => withoutComments(deployed(`prometheus/${file}`)).match(/[\w]+(?::\w+){2}/g) ?? [],
    );
    expect(recorded).toEqual(expect.arrayContaining(used));
  });
});

describe("alerts", () => {
  const alerts = rulesIn("krm-alerts.yml", "alert");

  it.each(alerts)("$name says how bad it is, what it is, and what to do", ({ text }) => {
    expect(text).toMatch(/^ +severity: (?:warning|critical)$/m);
    expect(text).toMatch(/^ +summary: "?.+\."?$/m);
    expect(text).toMatch(/^ +description: "?.{80,}[.?]"?$/m);
    const [, anchor] = /^ +runbook: docs\/metrics\.md#(\w+)$/m.exec(text) ?? [];
    expect(deployed("../docs/metrics.md")).toContain(`<a id="${anchor}"></a>`);
  });

  it.each(alerts)("$name has a test that it fires, and one that it does not", ({ name }) => {
    const of = deployed("prometheus/krm-alerts.test.yml")
      .split(/^ +- expr: /m)
      .filter((each) => each.startsWith(`ALERTS{alertname="${name}",alertstate="firing"}`));
    expect(of.filter((each) => each.includes("exp_samples:"))).not.toEqual([]);
    expect(of.filter((each) => !each.includes("exp_samples:"))).not.toEqual([]);
  });

  it("are told apart", () => {
    expect(new Set(alerts.map(({ name }) => name)).size).toBe(alerts.length);
    expect(alerts.length).toBeGreaterThan(10);
  });
});

withPromtool(process.env, (promtool) => {
  it.each(RULES)("finds nothing in %s", async (file) => {
    const { code, output } = await promtool.checkRules(join(FOLDER, file));
    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/SUCCESS: \d+ rules found/) });
  });

  it.each(TESTS)("%s passes", async (file) => {
    const { code, output } = await promtoolTest(file);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining("SUCCESS") });
  });

  it("can read every query of the dashboards: VictoriaMetrics takes more than Prometheus does", async () => {
    const folder = mkdtempSync(join(tmpdir(), "krm-promql-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const shown = { from: 0, to: 3_600_000 };
    const rules = DASHBOARDS.flatMap(grafanaQueries).map(({ text }, i) => ({
      record: `query:${i}`,
      expr: filledForPrometheus(text, shown),
    }));
    // JSON is YAML.
    const file = join(folder, "queries.yml");
    writeFileSync(file, JSON.stringify({ groups: [{ name: "queries", rules }] }));
    const { code, output } = await promtool.checkRules(file);
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining(`${rules.length} rules found`) });
  });
});

/** Runs a file of unit tests; they name the files of rules that they are about. */
async function promtoolTest(file: string): Promise<{ readonly code: number; readonly output: string }> {
  const { path = "promtool" } = findPromtool(process.env);
  const { promise, resolve } = Promise.withResolvers<{ readonly code: number; readonly output: string }>();
  execFile(path, ["test", "rules", file], { cwd: FOLDER }, (error, stdout, stderr) =>
    resolve({ code: Number(error?.code ?? 0), output: stdout + stderr }),
  );
  return promise;
}
