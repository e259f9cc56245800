import type { V1StatefulSet } from "@kubernetes/client-node";
import type { KubernetesObject } from "../../deploy/render/kubernetes-object.ts";
import { SETTINGS, secret } from "./deployment.ts";

const PASSWORD = "a-password-of-ones-own";
const LABELS = { app: "own-redis" };

const STATEFUL_SET: V1StatefulSet & KubernetesObject = {
  apiVersion: "apps/v1",
  kind: "StatefulSet",
  metadata: { name: "own-redis" },
  spec: {
    replicas: 1,
    serviceName: "own-redis",
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        automountServiceAccountToken: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 999,
          runAsGroup: 999,
          fsGroup: 999,
          seccompProfile: { type: "RuntimeDefault" },
        },
        containers: [
          {
            name: "redis",
            image: SETTINGS.redisImage,
            command: ["redis-server", "/etc/redis/redis.conf"],
            ports: [{ name: "redis", containerPort: 6379 }],
            readinessProbe: { tcpSocket: { port: "redis" } },
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ["ALL"] },
            },
            volumeMounts: [
              { name: "config", mountPath: "/etc/redis", readOnly: true },
              { name: "data", mountPath: "/data" },
            ],
          },
        ],
        volumes: [
          { name: "config", secret: { secretName: "own-redis", defaultMode: 0o440 } },
          { name: "data", emptyDir: {} },
        ],
      },
    },
  },
};

/** A Redis that is not the chart's, and the Secret `store` that tells KRM of it. */
export const OWN_REDIS: readonly KubernetesObject[] = [
  secret("own-redis", {
    "redis.conf": `bind 0.0.0.0\nport 6379\ndir /data\nappendonly yes\nmaxmemory-policy noeviction\nrequirepass ${PASSWORD}\n`,
  }),
  secret("store", { url: "redis://own-redis:6379?passwordFile=/etc/krm/store/password", password: PASSWORD }),
  serviceOf("own-redis", 6379),
  STATEFUL_SET,
];

function serviceOf(name: string, port: number): KubernetesObject {
  const spec = { selector: LABELS, ports: [{ port, targetPort: "redis" }] };
  const manifest = { apiVersion: "v1", kind: "Service", metadata: { name }, spec };
  return manifest;
}
