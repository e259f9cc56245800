import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { helmTemplate } from "../../deploy/render/helm-template.ts";
import { withValuesFile } from "../../deploy/render/values-file.ts";
import { podTemplates } from "./support/pod-templates.ts";
import { CHART, HELM, renderChart, type Values } from "./support/rendered-chart.ts";
import { CASE_NAMES, VALUE_CASES } from "./support/value-cases.ts";

const run = promisify(execFile);
const readYaml = (file: string): unknown => parse(readFileSync(join(CHART, file), "utf8"));
const readJson = (file: string): unknown => JSON.parse(readFileSync(join(CHART, file), "utf8"));

describe("the chart's own files", () => {
  const chart = readYaml("Chart.yaml") as Readonly<Record<string, unknown>>;
  const cli = readJson("../../../packages/cli/package.json") as {
    readonly version: string;
    readonly repository: { readonly url: string };
  };

  it("have the version of the packages", () => {
    expect(chart["appVersion"]).toBe(cli.version);
    expect(chart["version"]).toBe(cli.version);
  });

  it("name an image on the host that stands for the one that is not decided yet, as the packages do", () => {
    const { image } = readYaml("values.yaml") as { readonly image: { readonly repository: string } };
    const { hostname } = new URL(cli.repository.url.replace(/^git\+/, ""));
    expect(image.repository).toBe(`registry.${hostname}/krm`);
  });

  it("refuse unknown values at every depth: each object of the schema says which it has", () => {
    const open: string[] = [];
    /** Maps of texts, and what is a pod's or a policy's own, are not the chart's to know. */
    const passedOn = ["global", "affinity", "podSelector", "namespaceSelector"];
    const look = (node: unknown, path: string): void => {
      if (typeof node !== "object" || node === null) return;
      const { type, additionalProperties } = node as Readonly<Record<string, unknown>>;
      if (type === "object" && additionalProperties === undefined && !passedOn.some((key) => path.endsWith(key)))
        open.push(path);
      for (const [key, below] of Object.entries(node)) look(below, `${path}/${key}`);
    };
    look(readJson("values.schema.json"), "");
    expect(open).toEqual([]);
  });
});

describe.skipIf(HELM === undefined)("helm lint --strict", () => {
  it.each(CASE_NAMES)("finds nothing: %s", async (name) => {
    const { stdout } = await withValuesFile(VALUE_CASES[name] ?? {}, async (file) =>
      run(HELM ?? "", ["lint", "--strict", CHART, "--values", file]),
    );
    expect(stdout).toMatch(/1 chart\(s\) linted, 0 chart\(s\) failed/);
    // KRM has no icon.
    const told = stdout.split("\n").filter((line) => line.startsWith("["));
    expect(told).toEqual(["[INFO] Chart.yaml: icon is recommended"]);
  });
});

describe.skipIf(HELM === undefined)("values that cannot be meant", () => {
  const refused: readonly (readonly [name: string, set: string, told: RegExp])[] = [
    ["an unknown value", "reosurces=1", /additional properties 'reosurces' not allowed/],
    [
      "an unknown value below",
      "server.auth.audience=a",
      /'\/server\/auth': additional properties 'audience' not allowed/,
    ],
    ["an unknown shape", "shape=big", /'\/shape': value must be one of 'all-in-one', 'standard', 'ha'/],
    ["a wrong type", "server.replicas=two", /'\/server\/replicas': got string, want null or integer/],
    ["a time that is none", "watch.verifyEvery=often", /'\/watch\/verifyEvery'/],
    ["a wrong Redis size", "redis.maxmemory=1Gi", /'\/redis\/maxmemory'/],
    ["limits that are missing", "server.resources.limits=null", /'\/server\/resources': missing property 'limits'/],
    ["ha without a store", "shape=ha", /shape=ha needs a Redis of your own .*set store\.external\.existingSecret/],
    ["Secrets unasked", "watch.extraResources[0].resource=secrets", /leave them out, or set watch\.allowSecrets=true/],
    ["a resource twice", "watch.extraResources[0].resource=pods", /name pods twice/],
    [
      "an override of nothing",
      "monitor.overrides.pod.streamer.limits.cpu=1",
      /monitor\.overrides\.pod is of no resource/,
    ],
    ["static without tokens", "server.auth.type=static", /set server\.auth\.static\.existingSecret/],
    ["client certificates without TLS", "server.tls.clientCA.existingSecret=a", /set server\.tls\.existingSecret too/],
    ["Chronograf without InfluxDB", "chronograf.enabled=true", /chronograf\.enabled: .*influxdb\.enabled/],
    ["two InfluxDBs", "influxdb.enabled=true,collector.influx.url=http://a:8086", /leave one of them out/],
    ["forwarding tokens for KRM alone", "server.forwardUncached=true", /server\.auth\.audiences=\[\]/],
    ["a scraper without a token", "monitoring.serviceMonitor.enabled=true", /serviceMonitor\.tokenSecret\.name/],
    [
      "scaling one pod",
      "shape=all-in-one,server.autoscaling.enabled=true",
      /server\.autoscaling\.enabled: shape=all-in-one/,
    ],
  ];

  it.each(refused)("are refused by name: %s", async (_name, set, told) => {
    await expect(helmTemplate({ helm: HELM ?? "", chart: CHART, set: [set] })).rejects.toThrow(told);
  });
});

describe.skipIf(HELM === undefined)("what changes roll pods", () => {
  const checksum = async (component: string, values: Values): Promise<unknown> => {
    const all = await renderChart(values);
    const workload = all.find(
      ({ kind, metadata }) => ["StatefulSet", "Deployment"].includes(kind) && metadata.name === `krm-${component}`,
    );
    return podTemplates(workload === undefined ? [] : [workload])[0]?.annotations["checksum/config"];
  };

  it("Redis, when its configuration changes, and not otherwise", async () => {
    const before = await checksum("redis", {});
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(await checksum("redis", { server: { replicas: 3 } })).toBe(before);
    expect(await checksum("redis", { redis: { maxmemory: "2gb" } })).not.toBe(before);
  });
});

describe.skipIf(HELM === undefined)("what the chart brings of other folders", () => {
  it("is what is in them: rules, alerts and dashboards", async () => {
    const values = VALUE_CASES["the Prometheus Operator"] ?? {};
    const all = await renderChart(values);
    const rule = all.find(({ kind }) => kind === "PrometheusRule");
    const groups = ["rules", "alerts"].flatMap(
      (part) => (readYaml(`../../prometheus/krm-${part}.yml`) as { readonly groups: readonly unknown[] }).groups,
    );
    expect(rule?.["spec"]).toEqual({ groups });
    const boards = all.filter(({ metadata }) => metadata.labels?.["grafana_dashboard"] === "1");
    expect(boards.map(({ metadata }) => metadata.name)).toEqual([
      "krm-influxdb-delay",
      "krm-influxdb-drift",
      "krm-prometheus-delay",
      "krm-prometheus-drift",
    ]);
    for (const board of boards) {
      const [[file, text] = ["", ""]] = Object.entries(board["data"] as Readonly<Record<string, string>>);
      expect(JSON.parse(text)).toEqual(readJson(`../../grafana/dashboards/${file}`));
    }
  });

  it("is Chronograf's dashboards", async () => {
    const all = await renderChart(VALUE_CASES["InfluxDB and Chronograf"] ?? {});
    const config = all.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "krm-chronograf");
    const data = config?.["data"] as Readonly<Record<string, string>>;
    expect(Object.keys(data).toSorted()).toEqual(["krm-delay.dashboard", "krm-drift.dashboard"]);
    for (const [file, text] of Object.entries(data))
      expect(JSON.parse(text)).toEqual(readJson(`../../chronograf/${file}`));
  });
});
