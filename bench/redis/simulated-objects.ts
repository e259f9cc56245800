import { Buffer } from "node:buffer";

/*
 * Objects as an API server sends them, managedFields included, as bytes of one template: what tells them apart has a
 * fixed width and is written over the copy, so that making them costs a copy of memory and no more.
 */

/** resourceVersions have as many digits as those of a cluster that has run for a while. */
const FIRST_VERSION = 1_000_000_000;
const NAMESPACES = 25;
const EMITTED = "0000000000000.000";
const UID = "d603d16e-ad01-414e-b125-000000000000";

/** What an object's copy is given. */
export interface ObjectFacts {
  readonly index: number;
  /** Counted from 0. */
  readonly version: number;
  /** When it was emitted: epoch milliseconds. */
  readonly emitted: number;
}

/** The resourceVersion of a version that is counted from 0. */
export function resourceVersion(version: number): string {
  return String(FIRST_VERSION + version);
}

/** When the object was emitted, out of its bytes; undefined: it was listed. */
export function emittedAt(bytes: Uint8Array): number | undefined {
  const b = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = b.indexOf('"emitted":"') + 11;
  const emitted = Number(b.toString("latin1", at, at + EMITTED.length));
  return emitted === 0 ? undefined : emitted;
}

/** The bytes of one object, and of what stands around it. */
export class ObjectTemplate {
  readonly bytes: Buffer;
  readonly #name: number;
  readonly #namespace: number;
  readonly #uid: number;
  readonly #version: number;
  readonly #emitted: number;

  /** @param before ends with the object's opening brace, and what stands before its own members */
  constructor(size: number, before: string, after: string) {
    const text = JSON.stringify(pod(size));
    this.bytes = Buffer.from(before + text.slice(1) + after, "latin1");
    const end = (member: string): number => this.bytes.indexOf(member) + member.length;
    this.#name = end('"name":"pod-0000000') - 7;
    this.#namespace = end('"namespace":"team-00') - 2;
    this.#uid = end(UID) - 12;
    this.#version = end(`"resourceVersion":"${FIRST_VERSION}`) - 10;
    this.#emitted = end('"emitted":"');
  }

  /** Writes one copy at `at`; where it ends. */
  write(target: Buffer, at: number, { index, version, emitted }: ObjectFacts): number {
    this.bytes.copy(target, at);
    const digits = String(index);
    target.write(digits, at + this.#name + 7 - digits.length, "latin1");
    target.write(String(index % NAMESPACES).padStart(2, "0"), at + this.#namespace, "latin1");
    target.write(digits, at + this.#uid + 12 - digits.length, "latin1");
    target.write(resourceVersion(version), at + this.#version, "latin1");
    if (emitted > 0) target.write(emitted.toFixed(3), at + this.#emitted, "latin1");
    return at + this.bytes.length;
  }
}

/** A pod of about so many bytes as JSON, a fifth of which are managedFields. */
function pod(size: number): object {
  const time = "2026-11-23T06:13:54Z";
  const fields: Record<string, object> = {};
  const env: object[] = [];
  const image = "registry.example.com/team/service:v1.4.17";
  const made = {
    metadata: {
      name: "pod-0000000",
      namespace: "team-00",
      uid: UID,
      resourceVersion: String(FIRST_VERSION),
      creationTimestamp: time,
      labels: { app: "service", tier: "backend", "pod-template-hash": "7d9c6b8f5d" },
      annotations: { emitted: EMITTED, "prometheus.io/scrape": "true" },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: "service-7d9c6b8f5d", uid: UID, controller: true },
      ],
      managedFields: [
        { manager: "kubelet", operation: "Update", apiVersion: "v1", time, fieldsType: "FieldsV1", fieldsV1: fields },
      ],
    },
    spec: {
      containers: [{ name: "app", image, env, resources: { requests: { cpu: "100m", memory: "128Mi" } } }],
      nodeName: "node-17",
      restartPolicy: "Always",
      schedulerName: "default-scheduler",
    },
    status: {
      phase: "Running",
      conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({
        type,
        status: "True",
        lastProbeTime: null,
        lastTransitionTime: time,
      })),
      podIP: "10.1.2.3",
      startTime: time,
    },
  };
  for (let n = 0, left = size - JSON.stringify(made).length; left > 0; n++) {
    if (n % 5 === 0) {
      const name = `f:setting-${n}`;
      fields[name] = { ".": {}, "f:name": {}, "f:value": {} };
      left -= name.length + JSON.stringify(fields[name]).length + 4;
    } else {
      const variable = { name: `SERVICE_SETTING_${n}`, value: `value-of-setting-${n}` };
      env.push(variable);
      left -= JSON.stringify(variable).length + 1;
    }
  }
  return made;
}
