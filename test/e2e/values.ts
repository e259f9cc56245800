import { imageOf, SETTINGS } from "./deployment.ts";

/** What all shapes are given here: fewer resources than by default, verified more often, and TLS for readers. */
const COMMON = {
  watch: {
    resources: [
      { resource: "pods" },
      { resource: "deployments", group: "apps" },
      { resource: "nodes", namespaced: false },
    ],
    verifyEvery: "10s",
    verifyBudget: 100_000,
    lease: "5s",
  },
  // Before anything starts, each pod's doctor must find all well.
  doctor: { enabled: true },
  server: { tls: { existingSecret: "krm-tls" } },
} as const;

/** The chart's default, with InfluxDB. */
export const STANDARD = {
  ...COMMON,
  redis: { image: imageOf(SETTINGS.redisImage), auth: { existingSecret: "redis-password" } },
  influxdb: { enabled: true, image: imageOf(SETTINGS.influxdbImage), auth: { existingSecret: "influxdb-passwords" } },
} as const;

/** Two pods for each resource, over a Redis that is not the chart's. */
export const HA = {
  ...COMMON,
  shape: "ha",
  store: { external: { existingSecret: "store" } },
  collector: { enabled: false },
} as const;
