import type { JsonObject } from "../cluster/sim-object.ts";
import type { SeededRandom } from "../random/seeded-random.ts";
import { type App, appLabels } from "./app.ts";

type Manifest = JsonObject & { metadata: JsonObject };

const SETTINGS = [
  "CACHE_TTL_SECONDS",
  "DATABASE_HOST",
  "DATABASE_NAME",
  "DATABASE_POOL_SIZE",
  "FEATURE_FLAGS_URL",
  "HTTP_CLIENT_TIMEOUT",
  "KAFKA_BROKERS",
  "KAFKA_CONSUMER_GROUP",
  "LOG_FORMAT",
  "LOG_LEVEL",
  "METRICS_INTERVAL",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_SERVICE_NAME",
  "REDIS_URL",
  "REGION",
  "SENTRY_ENVIRONMENT",
] as const;

/** The deployment of an application, as somebody would write it. */
export function deploymentManifest(app: App, random: SeededRandom): Manifest {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: app.name,
      namespace: app.namespace,
      labels: appLabels(app),
      annotations: { "meta.helm.sh/release-name": app.name, "meta.helm.sh/release-namespace": app.namespace },
    },
    spec: {
      replicas: app.replicas,
      selector: { matchLabels: { app: app.name } },
      template: {
        metadata: {
          labels: appLabels(app),
          annotations: {
            "checksum/config": random.hex(64),
            "prometheus.io/port": "9090",
            "prometheus.io/scrape": "true",
          },
        },
        spec: podSpec(app, random),
      },
    },
  };
}

/** The image of an application at a version. */
export function imageOf(name: string, version: string): string {
  return `registry.example/${name}:v${version}`;
}

/** The service in front of an application. */
export function serviceManifest(app: App, random: SeededRandom): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: app.name, namespace: app.namespace, labels: appLabels(app) },
    spec: {
      type: random.weighted({ ClusterIP: 88, NodePort: 8, LoadBalancer: 4 }),
      selector: { app: app.name },
      ports: [
        { name: "http", port: 80, targetPort: "http" },
        { name: "metrics", port: 9090, targetPort: "metrics" },
      ],
    },
  };
}

/** The ingress of an application. */
export function ingressManifest(app: App, random: SeededRandom): Manifest {
  const host = `${app.name}.${app.environment}.example.com`;
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      name: app.name,
      namespace: app.namespace,
      labels: appLabels(app),
      annotations: {
        "cert-manager.io/cluster-issuer": "letsencrypt",
        "nginx.ingress.kubernetes.io/proxy-body-size": `${random.integer(1, 64)}m`,
      },
    },
    spec: {
      ingressClassName: "nginx",
      tls: [{ hosts: [host], secretName: `${app.name}-tls` }],
      rules: [
        {
          host,
          http: {
            paths: [
              { path: "/", pathType: "Prefix", backend: { service: { name: app.name, port: { name: "http" } } } },
            ],
          },
        },
      ],
    },
  };
}

/** A claim of an application. */
export function claimManifest(
  app: Pick<App, "namespace" | "name">,
  labels: JsonObject,
  random: SeededRandom,
  name = `${app.name}-data`,
): Manifest {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace: app.namespace, labels },
    spec: {
      accessModes: [random.pick(["ReadWriteMany", "ReadWriteOnce", "ReadWriteOnce"])],
      resources: { requests: { storage: `${random.pick([1, 5, 10, 20, 50, 100])}Gi` } },
      storageClassName: random.pick(["gp3", "gp3", "io2", "standard"]),
    },
  };
}

/** The configuration of an application. */
export function configMapManifest(app: App, random: SeededRandom): Manifest {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `${app.name}-config`, namespace: app.namespace, labels: appLabels(app) },
    data: { "application.yaml": `server:\n  port: ${app.port}\nrevision: ${random.hex(12)}\n` },
  };
}

function podSpec(app: App, random: SeededRandom): JsonObject {
  const hasSidecar = random.chance(0.4);
  const volumes: JsonObject[] = [
    { name: "config", configMap: { name: `${app.name}-config` } },
    { name: "tmp", emptyDir: {} },
  ];
  if (app.hasClaim) volumes.push({ name: "data", persistentVolumeClaim: { claimName: `${app.name}-data` } });
  return {
    ...(random.chance(0.3) ? { nodeSelector: { "kubernetes.io/arch": "amd64" } } : {}),
    serviceAccountName: random.chance(0.5) ? app.name : "default",
    securityContext: { fsGroup: 1000, runAsNonRoot: true, runAsUser: 1000 },
    terminationGracePeriodSeconds: random.pick([10, 30, 30, 60]),
    volumes,
    containers: [mainContainer(app, random), ...(hasSidecar ? [sidecar(random)] : [])],
  };
}

function mainContainer(app: App, random: SeededRandom): JsonObject {
  const cpu = random.pick([50, 100, 250, 500]);
  const memory = random.pick([64, 128, 256, 512]);
  const probe = (path: string, periodSeconds: number): JsonObject => ({
    httpGet: { path, port: "http" },
    initialDelaySeconds: random.integer(1, 15),
    periodSeconds,
  });
  return {
    name: app.name,
    image: imageOf(app.name, app.version),
    args: ["--config=/etc/app/application.yaml", `--listen=:${app.port}`],
    ports: [
      { name: "http", containerPort: app.port },
      { name: "metrics", containerPort: 9090 },
    ],
    env: [
      { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      ...SETTINGS.slice(0, random.integer(6, SETTINGS.length)).map((name) => ({
        name,
        value: setting(app, name, random),
      })),
    ],
    resources: {
      limits: { cpu: `${cpu * 2}m`, memory: `${memory * 2}Mi` },
      requests: { cpu: `${cpu}m`, memory: `${memory}Mi` },
    },
    volumeMounts: [
      { name: "config", mountPath: "/etc/app", readOnly: true },
      { name: "tmp", mountPath: "/tmp" },
      ...(app.hasClaim ? [{ name: "data", mountPath: "/data" }] : []),
    ],
    livenessProbe: probe("/livez", 10),
    readinessProbe: probe("/readyz", 5),
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] }, readOnlyRootFilesystem: true },
  };
}

function sidecar(random: SeededRandom): JsonObject {
  return {
    name: "telemetry",
    image: imageOf("telemetry-agent", "0.118.0"),
    args: ["--config=/etc/telemetry/config.yaml"],
    ports: [{ name: "otlp", containerPort: 4317 }],
    env: [{ name: "AGENT_TOKEN_HINT", value: random.hex(8) }],
    resources: { limits: { cpu: "100m", memory: "128Mi" }, requests: { cpu: "10m", memory: "32Mi" } },
  };
}

function setting(app: App, name: (typeof SETTINGS)[number], random: SeededRandom): string {
  return `${app.team}-${app.environment}-${name.toLowerCase().replaceAll("_", "-")}-${random.hex(8)}`;
}
