import type { Values } from "./rendered-chart.ts";

const OWN_STORE = { external: { existingSecret: "krm-store" } };

/** Values that matter, by what they are about. What a test says of a rendered chart, it says of each. */
export const VALUE_CASES: Readonly<Record<string, Values>> = {
  standard: {},
  "all-in-one": { shape: "all-in-one" },
  ha: { shape: "ha", store: OWN_STORE },
  "standard over a Redis of one's own": { store: OWN_STORE },
  "named namespaces": { watch: { namespaces: ["team-a", "team-b"] } },
  "named namespaces, nothing of the cluster": {
    shape: "all-in-one",
    watch: { namespaces: ["team-a"], resources: [{ resource: "pods" }, { resource: "deployments", group: "apps" }] },
  },
  "custom resources, and Secrets": {
    watch: {
      allowSecrets: true,
      extraResources: [
        { resource: "secrets" },
        { resource: "widgets", group: "example.com" },
        { resource: "services", group: "serving.example.dev", version: "v1" },
        { resource: "storageclasses", group: "storage.k8s.io", version: "v1", namespaced: false },
        { resource: "horizontalpodautoscalers", group: "autoscaling" },
      ],
    },
  },
  canary: { canary: { enabled: true } },
  "canary in one pod": { shape: "all-in-one", canary: { enabled: true, every: "30s" } },
  TLS: {
    server: { tls: { existingSecret: "krm-tls", clientCA: { existingSecret: "clients" } } },
    redis: { tls: { existingSecret: "redis-tls" } },
  },
  "TLS in one pod": { shape: "all-in-one", server: { tls: { existingSecret: "krm-tls" } } },
  "InfluxDB and Chronograf": { influxdb: { enabled: true }, chronograf: { enabled: true } },
  "InfluxDB and Chronograf for one pod": {
    shape: "all-in-one",
    influxdb: { enabled: true },
    chronograf: { enabled: true },
  },
  "an InfluxDB 1 of one's own": {
    collector: {
      influx: {
        url: "https://influx.example.com:8086",
        user: "krm",
        existingSecret: "influx",
        tags: { cluster: "eu-1", zone: "a" },
        histograms: "10s",
      },
    },
  },
  "an InfluxDB 2 of one's own": {
    shape: "all-in-one",
    collector: { influx: { url: "http://influx:8086", org: "acme", bucket: "krm", existingSecret: "influx" } },
  },
  "Secrets of one's own": {
    redis: { auth: { existingSecret: "redis-password" } },
    influxdb: { enabled: true, auth: { existingSecret: "influx-passwords" } },
    chronograf: { enabled: true },
    imagePullSecrets: ["registry"],
  },
  "tokens of a file": { server: { auth: { type: "static", static: { existingSecret: "tokens" } } } },
  "no authentication": { server: { auth: { type: "none" } } },
  "reads sent on": { server: { forwardUncached: true, auth: { audiences: [] } } },
  "the Prometheus Operator": {
    canary: { enabled: true },
    monitoring: {
      podMonitor: { enabled: true, labels: { release: "prometheus" } },
      serviceMonitor: { enabled: true, tokenSecret: { name: "scraper" }, caConfigMap: { name: "ca" } },
      prometheusRule: { enabled: true },
      grafanaDashboards: { enabled: true },
    },
    server: { tls: { existingSecret: "krm-tls" } },
  },
  "the Prometheus Operator for one pod": {
    shape: "all-in-one",
    server: { auth: { type: "none" } },
    monitoring: { podMonitor: { enabled: true }, serviceMonitor: { enabled: true } },
  },
  "nothing kept on disk": {
    redis: { persistence: { enabled: false } },
    influxdb: { enabled: true, persistence: { enabled: false } },
    chronograf: { enabled: true, persistence: { enabled: false } },
  },
  "everything set": {
    shape: "ha",
    store: OWN_STORE,
    image: { repository: "registry.example.com:5000/krm", digest: `sha256:${"0".repeat(64)}` },
    watch: { namespaces: ["team-a"], verifyEvery: "1m30s", verifyBudget: 1200, lease: "5s" },
    monitor: { replicas: 3, overrides: { pods: { streamer: { limits: { memory: "2Gi" } } } } },
    server: {
      maxWatchesPerUser: 0,
      maxListSize: "64Mi",
      audit: { enabled: true },
      auth: { audiences: ["krm", "krm.example.com"] },
      service: { type: "LoadBalancer", port: 80, annotations: { "example.com/internal": "true" } },
      autoscaling: { enabled: false },
      replicas: 4,
    },
    canary: { enabled: true },
    networkPolicy: { scrape: { from: [] }, readers: { from: [{ ipBlock: { cidr: "10.0.0.0/8" } }] } },
    topologySpread: { whenUnsatisfiable: "DoNotSchedule" },
    pod: {
      annotations: { "example.com/team": "a" },
      labels: { team: "a" },
      nodeSelector: { "kubernetes.io/os": "linux" },
      tolerations: [{ key: "infra", operator: "Exists", effect: "NoSchedule" }],
      priorityClassName: "high",
      listenHost: "[::]",
      logLevel: "debug",
    },
  },
  "neither policies, budgets nor tests": {
    networkPolicy: { enabled: false },
    podDisruptionBudget: { enabled: false },
    topologySpread: { enabled: false },
    collector: { enabled: false },
    monitoring: { scrapeAnnotations: false },
    tests: { enabled: false },
  },
  "waits for what it needs": { doctor: { enabled: true, wait: "2m" }, influxdb: { enabled: true } },
  "waits for what it needs, in one pod": { shape: "all-in-one", doctor: { enabled: true } },
};

/** Their names, for `describe.each`. */
export const CASE_NAMES: readonly string[] = Object.keys(VALUE_CASES);
