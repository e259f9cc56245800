/**
 * The byte path of @krm/core against JSON.parse, in CPU time of one thread:
 * `node scripts/run.mjs node --conditions=krm-source bench/wire.ts`
 *
 * Pods are as a kube-apiserver sends them, managedFields included; 3.4 KB (one container) and 11 KB (a Deployment's
 * pod with two containers, probes, environment, volumes and status).
 */
import { Buffer } from "node:buffer";
import { decodeListPage, WatchDecoder } from "../packages/core/src/index.ts";

function managed(value: unknown): unknown {
  if (Array.isArray(value) || typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [`f:${name}`, managed(inner)]));
}

function listMap(items: readonly Record<string, unknown>[], key: string): Record<string, unknown> {
  return Object.fromEntries(
    items.map((item) => [`k:${JSON.stringify({ [key]: item[key] })}`, { ".": {}, ...(managed(item) as object) }]),
  );
}

function container(k: number, rich: boolean): Record<string, unknown> {
  const probe = { failureThreshold: 3, periodSeconds: 10, successThreshold: 1, timeoutSeconds: 1 };
  return {
    name: `app-${k}`,
    image: `registry.example.com/team/service-${k}:v1.${k}.17`,
    ...(rich && {
      command: ["/usr/local/bin/server", "--listen=:8080", "--config=/etc/service/config.yaml"],
      ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
      env: Array.from({ length: 20 }, (_, n) => ({ name: `SERVICE_SETTING_${n}`, value: `value-of-setting-${n}` })),
      startupProbe: { httpGet: { path: "/healthz", port: 8080, scheme: "HTTP" }, ...probe },
      livenessProbe: { httpGet: { path: "/healthz", port: 8080, scheme: "HTTP" }, ...probe },
      readinessProbe: { httpGet: { path: "/readyz", port: 8080, scheme: "HTTP" }, ...probe },
    }),
    resources: { limits: { cpu: "500m", memory: "256Mi" }, requests: { cpu: "100m", memory: "128Mi" } },
    volumeMounts: [
      { name: "kube-api-access", readOnly: true, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" },
    ],
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: "IfNotPresent",
  };
}

function pod(k: number, rich: boolean): Record<string, unknown> {
  const time = "2026-11-23T06:13:54Z";
  const containers = Array.from({ length: rich ? 2 : 1 }, (_, n) => container(n, rich));
  const labels = { app: `service-${k % 97}`, "pod-template-hash": "7d9c6b8f5d", tier: "backend" };
  const conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
    .slice(rich ? 0 : 2)
    .map((type) => ({ type, status: "True", lastProbeTime: null, lastTransitionTime: time }));
  const spec = {
    volumes: [
      {
        name: "kube-api-access",
        projected: { sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: "token" } }], defaultMode: 420 },
      },
    ],
    containers,
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    serviceAccountName: "default",
    nodeName: `node-${k % 50}`,
    securityContext: {},
    schedulerName: "default-scheduler",
    ...(rich && {
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 100,
              podAffinityTerm: {
                labelSelector: { matchLabels: { app: "service" } },
                topologyKey: "kubernetes.io/hostname",
              },
            },
          ],
        },
      },
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "ScheduleAnyway" },
      ],
    }),
    tolerations: ["not-ready", "unreachable"].map((taint) => ({
      key: `node.kubernetes.io/${taint}`,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: 300,
    })),
    priority: 0,
    enableServiceLinks: true,
  };
  const ip = `10.${k % 7}.${k % 250}.${k % 199}`;
  const status = {
    phase: "Running",
    conditions,
    hostIP: "192.168.10.21",
    podIP: ip,
    podIPs: [{ ip }],
    startTime: time,
    containerStatuses: containers.map((one, n) => ({
      name: one["name"],
      state: { running: { startedAt: time } },
      lastState: {},
      ready: true,
      restartCount: n,
      image: one["image"],
      imageID: `registry.example.com/team/service@sha256:${"0123456789abcdef".repeat(4)}`,
      containerID: `containerd://${"fedcba9876543210".repeat(4)}`,
      started: true,
    })),
    qosClass: "Burstable",
  };
  const name = `service-${k % 97}-7d9c6b8f5d-${k.toString(36).padStart(5, "x")}`;
  return {
    kind: "Pod",
    apiVersion: "v1",
    metadata: {
      name,
      generateName: `service-${k % 97}-7d9c6b8f5d-`,
      namespace: `team-${k % 20}`,
      uid: `d603d16e-ad01-414e-b125-${k.toString(16).padStart(12, "0")}`,
      resourceVersion: String(1_000_000 + k),
      generation: 1,
      creationTimestamp: time,
      labels,
      ...(rich && { annotations: { "prometheus.io/scrape": "true", "prometheus.io/port": "8080" } }),
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          kind: "ReplicaSet",
          name: `service-${k % 97}-7d9c6b8f5d`,
          uid: "0d2a4b3c-1111-4222-8333-944455566677",
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields: [
        {
          manager: "kube-controller-manager",
          operation: "Update",
          apiVersion: "v1",
          time,
          fieldsType: "FieldsV1",
          fieldsV1: {
            "f:metadata": { "f:generateName": {}, "f:labels": { ".": {}, ...(managed(labels) as object) } },
            "f:spec": { ...(managed(spec) as object), "f:containers": listMap(containers, "name") },
          },
        },
        {
          manager: "kubelet",
          operation: "Update",
          apiVersion: "v1",
          time,
          fieldsType: "FieldsV1",
          fieldsV1: {
            "f:status": {
              ...(managed(status) as object),
              ...(rich && { "f:conditions": listMap(conditions, "type") }),
            },
          },
          subresource: "status",
        },
      ],
    },
    spec,
    status,
  };
}

/** CPU seconds of `work`, the best of several runs after warming up. */
function cpu(work: () => void): number {
  for (let k = 0; k < 3; k++) work();
  let best = Infinity;
  for (let k = 0; k < 9; k++) {
    const from = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(from);
    best = Math.min(best, (user + system) / 1e6);
  }
  return best;
}

function chunks(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
}

const COUNT = 2000;
for (const rich of [false, true]) {
  const pods = Array.from({ length: COUNT }, (_, k) => pod(k, rich));
  const lines = pods.map((object) => Buffer.from(`${JSON.stringify({ type: "MODIFIED", object })}\n`));
  const stream = Buffer.concat(lines);
  const size = stream.length / COUNT;
  const pieces = chunks(stream, 65_536);
  const parse = cpu(() => {
    for (const line of lines) JSON.parse(line.toString());
  });
  const decode = cpu(() => {
    const decoder = new WatchDecoder();
    for (const piece of pieces) decoder.push(piece);
    if (decoder.error !== undefined) throw decoder.error;
  });
  const perEvent = (seconds: number): string => `${((seconds / COUNT) * 1e6).toFixed(1)} µs`;
  console.log(
    `watch, pods of ${(size / 1024).toFixed(1)} KiB: JSON.parse ${perEvent(parse)}, WatchDecoder ${perEvent(decode)} an event: ${(decode / parse).toFixed(2)} x`,
  );
  const items = pods.slice(0, 500).map(({ kind: _kind, apiVersion: _apiVersion, ...item }) => item);
  const body = Buffer.from(
    JSON.stringify({ kind: "PodList", apiVersion: "v1", metadata: { resourceVersion: "9" }, items }),
  );
  const parsePage = cpu(() => JSON.parse(body.toString()));
  const page = cpu(() => decodeListPage(body));
  const speed = (seconds: number): string => `${(body.length / seconds / 1e6).toFixed(0)} MB/s`;
  console.log(
    `list of 500 such: JSON.parse ${speed(parsePage)}, decodeListPage ${speed(page)}: ${(page / parsePage).toFixed(2)} x`,
  );
}
