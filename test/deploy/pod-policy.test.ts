import { beforeAll, describe, expect, it } from "vitest";
import { allContainers, type PodTemplate, podTemplates } from "./support/pod-templates.ts";
import { HELM, renderChart } from "./support/rendered-chart.ts";
import { CASE_NAMES, VALUE_CASES } from "./support/value-cases.ts";

/** Volumes that the standard `restricted` allows. */
const VOLUMES = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

/** Variables of programs that take a password in no other way, by Secret. */
const PASSWORD_VARIABLES = [
  "INFLUXDB_ADMIN_PASSWORD",
  "INFLUXDB_WRITE_USER_PASSWORD",
  "INFLUXDB_READ_USER_PASSWORD",
  "INFLUXDB_PASSWORD",
];

describe.skipIf(HELM === undefined).each(CASE_NAMES)("pods of the chart: %s", (name) => {
  let pods: readonly PodTemplate[];
  beforeAll(async () => {
    pods = podTemplates(await renderChart(VALUE_CASES[name] ?? {}));
    expect(pods.length).toBeGreaterThan(0);
  });

  it("keep to the pod security standard `restricted`", () => {
    for (const pod of pods) {
      const { id, spec } = pod;
      expect(spec.securityContext, id).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      });
      for (const field of ["hostNetwork", "hostPID", "hostIPC", "hostUsers"]) expect(spec[field], id).toBeUndefined();
      for (const { name: volume, ...source } of spec.volumes ?? []) {
        expect(VOLUMES, `${id} ${volume}`).toContain(Object.keys(source)[0]);
      }
      for (const container of allContainers(pod)) {
        expect(container.securityContext, `${id} ${container.name}`).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
        for (const port of container.ports ?? []) expect(port).not.toHaveProperty("hostPort");
      }
    }
  });

  it("run as a user with a number, which is not root's", () => {
    for (const { id, spec } of pods) {
      for (const field of ["runAsUser", "runAsGroup", "fsGroup"]) {
        expect(spec.securityContext[field], `${id} ${field}`).toBeGreaterThan(0);
      }
    }
  });

  it("ask for CPU and memory, and have limits to both", () => {
    for (const pod of pods) {
      for (const { name: container, resources } of allContainers(pod)) {
        for (const part of ["requests", "limits"] as const) {
          expect(Object.keys(resources?.[part] ?? {}), `${pod.id} ${container} ${part}`).toEqual(
            expect.arrayContaining(["cpu", "memory"]),
          );
        }
      }
    }
  });

  it("are looked after by probes, but for what ends by itself", () => {
    for (const { id, owner, spec } of pods.filter(({ owner: { kind } }) => kind !== "Pod")) {
      for (const container of spec.containers) {
        for (const probe of ["startupProbe", "livenessProbe", "readinessProbe"] as const) {
          expect(container[probe], `${id} ${container.name} ${probe}`).toBeDefined();
        }
        const { ports = [] } = container;
        const named = [container.startupProbe, container.livenessProbe, container.readinessProbe].flatMap((probe) =>
          Object.values(probe ?? {}).flatMap((how: unknown) =>
            typeof how === "object" && how !== null && "port" in how ? [how.port] : [],
          ),
        );
        for (const port of named)
          expect(
            ports.map((each) => each.name),
            `${id} ${container.name}`,
          ).toContain(port);
      }
      expect(spec["terminationGracePeriodSeconds"], owner.kind).toBeGreaterThanOrEqual(30);
    }
  });

  it("have no password, token or key in arguments and variables", () => {
    const secret = /(password|token|secret|key)=(?!\/)|:\/\/[^/\s]*:[^/\s]*@/i;
    for (const pod of pods) {
      for (const { name: container, args = [], command = [], env = [] } of allContainers(pod)) {
        for (const text of [...args, ...command]) {
          expect(text.replace(/passwordFile=[^&]*/, ""), `${pod.id} ${container}`).not.toMatch(secret);
        }
        for (const { name: variable, value, valueFrom } of env) {
          if (/PASSWORD(?!_FILE)|TOKEN(?!_FILE)/.test(variable)) expect(PASSWORD_VARIABLES).toContain(variable);
          if (PASSWORD_VARIABLES.includes(variable) || variable === "KRM_STORE") {
            expect(valueFrom, variable).toHaveProperty("secretKeyRef");
          } else expect(value, variable).not.toMatch(secret);
        }
      }
    }
  });

  it("have a place for each mount, and a mount for each volume; Secrets are mounted for reading, and not for all", () => {
    for (const pod of pods) {
      const volumes = [...(pod.spec.volumes ?? []).map((volume) => volume.name), ...pod.claims];
      const mounts = allContainers(pod).flatMap(({ volumeMounts = [] }) => volumeMounts);
      expect(new Set(mounts.map((mount) => mount.name)), pod.id).toEqual(new Set(volumes));
      for (const { name: volume, secret, projected } of pod.spec.volumes ?? []) {
        if (secret === undefined && projected === undefined) continue;
        if (secret !== undefined) expect(secret.defaultMode, `${pod.id} ${volume}`).toBe(0o440);
        expect(mounts.filter((mount) => mount.name === volume && mount.readOnly !== true)).toEqual([]);
      }
    }
  });

  it("serve readers only with a word about who may read", () => {
    const serving = pods.flatMap(({ spec }) => spec.containers).filter(({ args = [] }) => args.some(isListen));
    expect(serving).toHaveLength(1);
    expect(serving[0]?.args?.filter((arg) => arg.startsWith("--auth="))).toHaveLength(1);
  });

  it("get no variables from Services, and no token but by a volume", () => {
    for (const { id, spec } of pods) {
      expect(spec["enableServiceLinks"], id).toBe(false);
      expect(spec.automountServiceAccountToken, id).toBe(false);
    }
  });
});

function isListen(arg: string): boolean {
  return arg.startsWith("--listen=");
}
