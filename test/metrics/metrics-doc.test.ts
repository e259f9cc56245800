import { readFileSync } from "node:fs";
import { Monitor, PODS, type Scope, type ScopeStatus } from "@krm/core";
import { type DelayDetail, InfluxSink, isPointName } from "@krm/metrics";
import { metricCatalogue } from "@krm/metrics/prometheus";
import { ClusterSource, ManualClock, SimCluster } from "@krm/testkit";
import { describe, expect, it } from "vitest";

const TEXT = readFileSync(new URL("../../docs/metrics.md", import.meta.url), "utf8");
const SCOPE: Scope = { resource: PODS };

/** The cells of the rows below a heading. */
function rows(heading: string): readonly (readonly string[])[] {
  const section = TEXT.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| ---"))
    .slice(1)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

describe("docs/metrics.md", () => {
  it("has every metric of Prometheus once, with its type and labels, and no other", () => {
    const told = rows("Prometheus: metrics").map(([name, type, labels]) => `${name} ${type} ${labels}`);
    const known = metricCatalogue().map(({ name, type, labels }) => `\`${name}\` ${type} ${labels.join(", ")}`);
    expect(told.toSorted()).toEqual(known.toSorted());
  });

  it("has every field of InfluxDB that is written, with its type", async () => {
    const told = new Map<string, string>();
    let measurement = "";
    for (const [name = "", , fields = "", type = ""] of rows("InfluxDB: measurements")) {
      measurement = name.replaceAll("`", "") || measurement;
      for (const field of fields.split(", ")) told.set(`${measurement}.${field.replaceAll("`", "")}`, type);
    }
    const written = await writtenFields();
    expect(written).toEqual(told);
    // No tag of a user's may be called so.
    for (const field of written.keys()) expect(isPointName(field.split(".").slice(1).join(".")), field).toBe(true);
  });
});

/** What a sink writes of a delay, of a scope, and of an event that was missed: each field with its type. */
async function writtenFields(): Promise<ReadonlyMap<string, string>> {
  const lines: string[] = [];
  const report = { written: 1, refused: {}, dropped: 0 };
  const writer = { offer: (more: readonly string[]) => void lines.push(...more), report };
  const [status] = await statusWithDrift();
  if (status === undefined) throw new Error("the monitor has no scope");
  const details: readonly DelayDetail[] = [{ type: "objects" }, { type: "histograms", intervalMs: 1000 }];
  for (const detail of details) {
    const sink = new InfluxSink({ writer, detail });
    const delay = { event: "ADDED", source: "canary", seconds: 0.25, resourceVersion: "7", observedAt: 1000 } as const;
    sink.delays(SCOPE, [{ type: "delay", delay: { ...delay, resolutionSeconds: 0.01 } }], () => {});
    sink.status(status, Date.UTC(2026, 0, 2));
    sink.collector({ delays: 1, unmeasured: 1, negative: 0, gaps: 0, scopes: 1, failing: 0 }, Date.UTC(2026, 0, 2));
    sink.finish();
  }
  const found = new Map<string, string>();
  for (const line of lines) {
    const [series = "", fields = ""] = line.split(" ");
    for (const pair of fields.split(",")) {
      const [name = "", value = ""] = pair.split("=");
      const type = value.startsWith('"') ? "string" : value.endsWith("i") ? "integer" : "float";
      found.set(`${series.split(",")[0]}.${name}`, type);
    }
  }
  return found;
}

/** How a scope is of which everything is known, and in which an event was missed. */
async function statusWithDrift(): Promise<readonly ScopeStatus[]> {
  const clock = new ManualClock();
  const cluster = new SimCluster({ clock });
  const pod = (name: string): unknown =>
    cluster.create(PODS, {
      metadata: { name, namespace: "default" },
      spec: { containers: [{ name: "c", image: "i" }] },
    });
  pod("a");
  const source = new ClusterSource({
    cluster,
    tell: (event) => (event.object.metadata.name === "b" ? [] : [event]),
    clockOffset: () => ({ lowMs: -10, highMs: 20, samples: 1, at: 1 }),
  });
  await using monitor = new Monitor({ source, clock, resources: [PODS] }).start();
  await clock.advance(1000);
  await monitor.ready();
  pod("b");
  pod("c");
  await clock.advance(5000);
  monitor.verifyNow();
  await clock.advance(60_000);
  return await monitor.status();
}
