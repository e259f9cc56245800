import { describe, expect, it } from "vitest";
import { objectId } from "../../deploy/render/kubernetes-object.ts";
import { type PodTemplate, podTemplates } from "./support/pod-templates.ts";
import { HELM, renderChart, type Values } from "./support/rendered-chart.ts";
import { rightsOf, type Rule } from "./support/rights.ts";
import { CASE_NAMES, VALUE_CASES } from "./support/value-cases.ts";

const SIX = ["pods", "deployments.apps", "persistentvolumeclaims", "services", "ingresses.networking.k8s.io", "nodes"];

/** To read these, and nothing else. */
function reading(resources: readonly string[], where: string): readonly string[] {
  return ["get", "list", "watch"].flatMap((verb) => resources.map((resource) => `${verb} ${resource} ${where}`));
}

const EVERYWHERE = reading(SIX, "in all namespaces");
const REVIEWS = ["all of system:auth-delegator in all namespaces"];
const CANARY = [
  ...reading(["leases.coordination.k8s.io"], "in krm"),
  "patch leases.coordination.k8s.io/krm-canary in krm",
];

describe.skipIf(HELM === undefined)("rights in the cluster", () => {
  const cases: readonly (readonly [name: string, rights: Readonly<Record<string, readonly string[]>>])[] = [
    ["standard", { monitor: EVERYWHERE, server: REVIEWS, collector: [], redis: [], test: ["get /status"] }],
    ["ha", { monitor: EVERYWHERE, server: REVIEWS, collector: [], test: ["get /status"] }],
    ["all-in-one", { "all-in-one": [...EVERYWHERE, ...REVIEWS], test: ["get /status"] }],
    [
      "canary",
      { monitor: EVERYWHERE, server: REVIEWS, collector: [], redis: [], canary: CANARY, test: ["get /status"] },
    ],
    ["canary in one pod", { "all-in-one": [...EVERYWHERE, ...REVIEWS, ...CANARY], test: ["get /status"] }],
    [
      "named namespaces",
      {
        monitor: [
          ...reading(SIX.slice(0, 5), "in team-a"),
          ...reading(SIX.slice(0, 5), "in team-b"),
          ...reading(["nodes"], "in all namespaces"),
        ],
        server: REVIEWS,
        collector: [],
        redis: [],
        test: ["get /status"],
      },
    ],
    [
      "named namespaces, nothing of the cluster",
      { "all-in-one": [...reading(["pods", "deployments.apps"], "in team-a"), ...REVIEWS], test: ["get /status"] },
    ],
    [
      "custom resources, and Secrets",
      {
        monitor: [
          ...EVERYWHERE,
          ...reading(
            [
              "secrets",
              "widgets.example.com",
              "services.serving.example.dev",
              "storageclasses.storage.k8s.io",
              "horizontalpodautoscalers.autoscaling",
            ],
            "in all namespaces",
          ),
        ],
        server: REVIEWS,
        collector: [],
        redis: [],
        test: ["get /status"],
      },
    ],
    ["tokens of a file", { monitor: EVERYWHERE, server: [], collector: [], redis: [] }],
    ["no authentication", { monitor: EVERYWHERE, server: [], collector: [], redis: [], test: [] }],
    [
      "InfluxDB and Chronograf",
      {
        monitor: EVERYWHERE,
        server: REVIEWS,
        collector: [],
        redis: [],
        influxdb: [],
        chronograf: [],
        test: ["get /status"],
      },
    ],
  ];

  it.each(cases)("are exactly what each role needs: %s", async (name, rights) => {
    const all = await renderChart(VALUE_CASES[name] ?? {});
    const accounts = all.filter(({ kind }) => kind === "ServiceAccount").map(({ metadata }) => metadata.name);
    const found = Object.fromEntries(accounts.map((account) => [account, rightsOf(account, all)]));
    const wanted = Object.entries(rights).map(([role, lines]) => [`krm-${role}`, [...lines].toSorted()]);
    expect(found).toEqual(Object.fromEntries(wanted));
  });

  it.each(CASE_NAMES)("have no wildcards, and nothing but reading and one Lease: %s", async (name) => {
    const all = await renderChart(VALUE_CASES[name] ?? {});
    for (const role of all.filter(({ kind }) => kind === "Role" || kind === "ClusterRole")) {
      for (const rule of role["rules"] as readonly Rule[]) {
        expect(JSON.stringify(rule), objectId(role)).not.toContain("*");
        if (rule.verbs.some((verb) => !["get", "list", "watch"].includes(verb)))
          expect(rule, objectId(role)).toEqual({
            apiGroups: ["coordination.k8s.io"],
            resources: ["leases"],
            resourceNames: ["krm-canary"],
            verbs: ["patch"],
          });
      }
    }
  });

  it.each(CASE_NAMES)("come with a token only to containers that ask the API server: %s", async (name) => {
    for (const pod of podTemplates(await renderChart(VALUE_CASES[name] ?? {}))) {
      for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
        const mounts = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath);
        const has = mounts.includes("/var/run/secrets/kubernetes.io/serviceaccount");
        expect(has, `${pod.id} ${container.name}`).toBe(container.args?.includes("--in-cluster") ?? false);
      }
    }
  });

  it("do not reach the aggregator, which shares its pod with those that have them", async () => {
    const pods = podTemplates(await renderChart({}));
    const withToken = pods.flatMap((pod) => containersWithToken(pod));
    expect(new Set(withToken)).toEqual(new Set(["streamer", "verifier", "server"]));
  });

  it("bind to names that two releases in two namespaces do not share", async () => {
    const clusterWide = (values: Values): Promise<readonly string[]> =>
      renderChart(values).then((all) =>
        all.filter(({ kind }) => kind.startsWith("ClusterRole")).map(({ metadata }) => metadata.name),
      );
    const one = await clusterWide({});
    const other = await clusterWide({ fullnameOverride: "other" });
    expect(one.filter((name) => other.includes(name))).toEqual([]);
    for (const name of one) expect(name).toMatch(/^krm:krm:/);
  });
});

function containersWithToken({ spec }: PodTemplate): readonly string[] {
  return spec.containers
    .filter(({ volumeMounts = [] }) => volumeMounts.some(({ name }) => name === "api-server"))
    .map(({ name }) => name);
}
