import { beforeAll, describe, expect, it } from "vitest";
import { type KubernetesObject, objectId } from "../../deploy/render/kubernetes-object.ts";
import { type PodTemplate, podTemplates, selects } from "./support/pod-templates.ts";
import { HELM, renderChart, type Values } from "./support/rendered-chart.ts";
import { CASE_NAMES, VALUE_CASES } from "./support/value-cases.ts";

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}
interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
}
interface Flow {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly port: number | string }[];
}
interface PolicySpec {
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly Flow[];
  readonly egress?: readonly Flow[];
}

describe.skipIf(HELM === undefined).each(CASE_NAMES)("what refers to something in the chart: %s", (name) => {
  let all: readonly KubernetesObject[];
  let pods: readonly PodTemplate[];
  beforeAll(async () => {
    all = await renderChart(VALUE_CASES[name] ?? {});
    pods = podTemplates(all);
  });
  const ofKind = (kind: string): readonly KubernetesObject[] => all.filter((object) => object.kind === kind);
  const named = (kind: string): readonly string[] => ofKind(kind).map(({ metadata }) => metadata.name);
  const selected = (selector: Selector | undefined): readonly PodTemplate[] =>
    pods.filter(({ labels }) => selects(selector, labels));

  it("has every object once", () => {
    const ids = all.map(objectId);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
  });

  it("each workload selects its own pods, and no other's", () => {
    for (const object of all.filter(({ kind }) => ["Deployment", "StatefulSet"].includes(kind))) {
      const { selector } = object["spec"] as { readonly selector: Selector };
      expect(selected(selector).map(({ id }) => id)).toEqual([objectId(object)]);
    }
  });

  it("each Service selects pods that have its ports", () => {
    for (const service of ofKind("Service")) {
      const { selector, ports } = service["spec"] as {
        readonly selector: Readonly<Record<string, string>>;
        readonly ports: readonly { readonly targetPort: string }[];
      };
      const [pod, ...more] = selected({ matchLabels: selector });
      expect(more, objectId(service)).toEqual([]);
      const there = pod?.spec.containers.flatMap(({ ports = [] }) => ports.map((port) => port.name));
      for (const { targetPort } of ports) expect(there, objectId(service)).toContain(targetPort);
    }
  });

  it("each budget selects the pods of one workload, which has two or more", () => {
    for (const budget of ofKind("PodDisruptionBudget")) {
      const { selector } = budget["spec"] as { readonly selector: Selector };
      const found = selected(selector);
      expect(found, objectId(budget)).toHaveLength(1);
      const { replicas = 2 } = (found[0]?.owner["spec"] ?? {}) as { readonly replicas?: number };
      expect(replicas, objectId(budget)).toBeGreaterThanOrEqual(2);
    }
  });

  it("each scaler scales a Deployment that leaves its number open", () => {
    for (const scaler of ofKind("HorizontalPodAutoscaler")) {
      const { scaleTargetRef } = scaler["spec"] as { readonly scaleTargetRef: { readonly name: string } };
      const target = ofKind("Deployment").find(({ metadata }) => metadata.name === scaleTargetRef.name);
      expect(target?.["spec"]).not.toHaveProperty("replicas");
    }
  });

  it("constraints for spreading select the pod's own kind", () => {
    for (const { id, labels, spec } of pods) {
      const constraints = (spec["topologySpreadConstraints"] ?? []) as readonly { readonly labelSelector: Selector }[];
      for (const { labelSelector } of constraints) {
        expect(selects(labelSelector, labels), id).toBe(true);
        expect(selected(labelSelector), id).toHaveLength(1);
      }
    }
  });

  it("each pod's ServiceAccount is there, for pods of its component alone, and mounts no token by itself", () => {
    const accounts = ofKind("ServiceAccount");
    for (const { id, labels, spec } of pods) {
      const account = accounts.find(({ metadata }) => metadata.name === spec.serviceAccountName);
      expect(account?.["automountServiceAccountToken"], id).toBe(false);
      expect(account?.metadata.labels?.["app.kubernetes.io/component"], id).toBe(labels["app.kubernetes.io/component"]);
    }
    const used = new Set(pods.map(({ spec }) => spec.serviceAccountName));
    expect(new Set(named("ServiceAccount"))).toEqual(used);
  });

  it("each ConfigMap, Secret and claim of a pod is there, or is one that the values name", () => {
    const given = existing(VALUE_CASES[name] ?? {});
    for (const { id, spec } of pods) {
      for (const volume of spec.volumes ?? []) {
        if (volume.configMap !== undefined) expect(named("ConfigMap"), id).toContain(volume.configMap.name);
        if (volume.secret !== undefined) expect([...named("Secret"), ...given], id).toContain(volume.secret.secretName);
        if (volume.persistentVolumeClaim !== undefined)
          expect(named("PersistentVolumeClaim"), id).toContain(volume.persistentVolumeClaim.claimName);
      }
      const text = JSON.stringify(spec);
      for (const [, secret = ""] of text.matchAll(/"secretKeyRef":\{"name":"([^"]*)"/g))
        expect([...named("Secret"), ...given], id).toContain(secret);
    }
  });

  it("network policies deny by default, and every pod has one of its own", () => {
    const policies = ofKind("NetworkPolicy").map((object) => ({ object, spec: object["spec"] as PolicySpec }));
    if (policies.length === 0) {
      expect(VALUE_CASES[name]).toMatchObject({ networkPolicy: { enabled: false } });
      return;
    }
    const deny = policies.find(({ spec }) => spec.ingress === undefined && spec.egress === undefined);
    expect(deny?.spec.policyTypes).toEqual(["Ingress", "Egress"]);
    expect(selected(deny?.spec.podSelector)).toHaveLength(pods.length);
    for (const { id, labels } of pods) {
      const own = policies.filter(({ object, spec }) => object !== deny?.object && selects(spec.podSelector, labels));
      expect(own, id).toHaveLength(1);
    }
    for (const { object, spec } of policies) expect(selected(spec.podSelector), objectId(object)).not.toEqual([]);
  });

  it("each flow between pods of the chart is let out at one end and in at the other, at a port that is there", () => {
    const policies = ofKind("NetworkPolicy").map((object) => object["spec"] as PolicySpec);
    for (const spec of policies) {
      const ends = selected(spec.podSelector);
      for (const { to = [], ports = [] } of spec.egress ?? []) {
        for (const peer of to.filter(
          (each) => each.podSelector !== undefined && each.namespaceSelector === undefined,
        )) {
          const [other] = selected(peer.podSelector);
          expect(other, JSON.stringify(peer)).toBeDefined();
          const theirs = policies.flatMap((each) =>
            selects(each.podSelector, other?.labels ?? {}) ? (each.ingress ?? []) : [],
          );
          const letsIn = theirs.some(
            ({ from = [], ports: open = [] }) =>
              from.some((source) => ends.every(({ labels }) => selects(source.podSelector, labels))) &&
              ports.every(({ port }) => open.some((each) => each.port === port)),
          );
          expect(letsIn, `${ends[0]?.id} → ${other?.id}`).toBe(true);
          const listens = other?.spec.containers.flatMap((each) => each.ports ?? []).map((each) => each.containerPort);
          for (const { port } of ports) expect(listens).toContain(port);
        }
      }
      for (const { from = [], ports = [] } of spec.ingress ?? []) {
        for (const peer of from.filter(
          (each) => each.podSelector !== undefined && each.namespaceSelector === undefined,
        ))
          expect(selected(peer.podSelector), JSON.stringify(peer)).not.toEqual([]);
        const listens = ends.flatMap((pod) => pod.spec.containers.flatMap((each) => each.ports ?? []));
        for (const { port } of ports) expect(listens.map((each) => each.containerPort)).toContain(port);
      }
    }
  });

  it("each PodMonitor and ServiceMonitor finds ports that are there", () => {
    for (const monitor of [...ofKind("PodMonitor"), ...ofKind("ServiceMonitor")]) {
      const { selector, podMetricsEndpoints, endpoints } = monitor["spec"] as {
        readonly selector: Selector;
        readonly podMetricsEndpoints?: readonly { readonly port: string }[];
        readonly endpoints?: readonly { readonly port: string }[];
      };
      if (monitor.kind === "PodMonitor") {
        const ports = selected(selector).flatMap((pod) => pod.spec.containers.flatMap((each) => each.ports ?? []));
        const names = ports.map((port) => port.name);
        expect(
          podMetricsEndpoints?.some(({ port }) => names.includes(port)),
          objectId(monitor),
        ).toBe(true);
      } else {
        const service = ofKind("Service").find(({ metadata }) => selects(selector, metadata.labels ?? {}));
        const { ports = [] } = (service?.["spec"] ?? {}) as { readonly ports?: readonly { readonly name: string }[] };
        for (const { port } of endpoints ?? []) expect(ports.map((each) => each.name)).toContain(port);
      }
    }
  });
});

/** The names that values give to what must be there already. */
function existing(values: Values): readonly string[] {
  return Object.entries(values).flatMap(([key, value]): readonly string[] => {
    if (key === "existingSecret" && typeof value === "string") return [value];
    return typeof value === "object" && value !== null && !Array.isArray(value) ? existing(value as Values) : [];
  });
}
