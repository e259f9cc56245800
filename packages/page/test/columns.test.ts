import { describe, expect, it } from "vitest";
import { columnsOf } from "../src/browser/objects/columns.ts";
import type { ContainerSpec, KubernetesObject } from "../src/browser/objects/kubernetes-object.ts";
import { podRequests } from "../src/browser/objects/pod-requests.ts";
import { formatBytes, formatCpu, quantityOf } from "../src/browser/objects/quantity.ts";

describe("a quantity", () => {
  it.each([
    ["0", 0],
    ["250m", 0.25],
    ["1.5", 1.5],
    [".5", 0.5],
    ["2", 2],
    ["100Mi", 104_857_600],
    ["1G", 1e9],
    ["1e3", 1000],
    ["1E3", 1000],
    ["1E", 1e18],
    ["128974848", 128_974_848],
    ["-1Ki", -1024],
    ["many", 0],
    ["1 Gi", 0],
    [undefined, 0],
    [4, 4],
  ])("%s is %d", (text, value) => {
    expect(quantityOf(text)).toBeCloseTo(value, 9);
  });

  it("is shown in a unit that suits it", () => {
    expect([0, 0.05, 0.9996, 1.25, 12].map(formatCpu)).toEqual(["", "50m", "1000m", "1.25", "12"]);
    expect([0, 512, 1536, 2 ** 28, 15 * 2 ** 30].map(formatBytes)).toEqual([
      "",
      "512 B",
      "1.5 KiB",
      "256 MiB",
      "15 GiB",
    ]);
  });
});

function container(requests: Readonly<Record<string, string>>, restartPolicy?: string): ContainerSpec {
  return { resources: { requests }, ...(restartPolicy === undefined ? {} : { restartPolicy }) };
}

function pod(spec: NonNullable<KubernetesObject["spec"]>): KubernetesObject {
  return { metadata: { name: "p" }, spec };
}

describe("what a pod asks for", () => {
  it("is the sum of its containers, with every kind of GPU, and the claims of its volumes", () => {
    const containers = [
      container({ cpu: "250m", memory: "1Gi", "nvidia.com/gpu": "1" }),
      container({ cpu: "1", "amd.com/gpu": "2", "example.com/gpus-not": "9", "aliyun.com/gpu-mem": "16" }),
      container({ "gpu.intel.com/i915": "1", "gpu.intel.com/memory.max": "4G", "nvidia.com/mig-1g.5gb": "1" }),
    ];
    const volumes = [{ persistentVolumeClaim: { claimName: "data" } }, {}];
    expect(podRequests(pod({ containers, volumes }))).toEqual({ cpu: 1.25, memory: 2 ** 30, gpu: 5, claims: ["data"] });
  });

  it("is what its init containers need where that is more, with the sidecars that run by then", () => {
    const containers = [container({ cpu: "1" })];
    const ordinary = pod({ containers, initContainers: [container({ cpu: "4" }), container({ cpu: "2" })] });
    expect(podRequests(ordinary).cpu).toBe(4);
    const sidecar = container({ cpu: "3" }, "Always");
    expect(podRequests(pod({ containers, initContainers: [sidecar, container({ cpu: "2" })] })).cpu).toBe(5);
    expect(podRequests(pod({ containers, initContainers: [container({ cpu: "2" }), sidecar] })).cpu).toBe(4);
  });

  it("is what the pod as a whole asks for, and its overhead", () => {
    const spec = { containers: [container({ cpu: "1" })], overhead: { cpu: "100m" } };
    expect(podRequests(pod(spec)).cpu).toBeCloseTo(1.1);
    expect(podRequests(pod({ ...spec, resources: { requests: { cpu: "500m" } } })).cpu).toBeCloseTo(0.6);
  });

  it("is nothing where nothing is said", () => {
    expect(podRequests({ metadata: { name: "p" } })).toEqual({ cpu: 0, memory: 0, gpu: 0, claims: [] });
  });
});

describe("columns", () => {
  const cells = (resource: string, object: KubernetesObject): Readonly<Record<string, unknown>> =>
    Object.fromEntries(columnsOf(resource).map(({ id, read }) => [id, read(object)]));

  it.each([
    [{ phase: "Running" }, "Running"],
    [
      { phase: "Running", containerStatuses: [{}, { state: { waiting: { reason: "CrashLoopBackOff" } } }] },
      "CrashLoopBackOff",
    ],
    [{ phase: "Failed", reason: "Evicted" }, "Evicted"],
    [
      { phase: "Pending", initContainerStatuses: [{ state: { waiting: { reason: "CrashLoopBackOff" } } }] },
      "Init:CrashLoopBackOff",
    ],
    [
      {
        phase: "Running",
        conditions: [{ type: "Ready", status: "True" }],
        containerStatuses: [
          { state: { terminated: { reason: "Completed" } } },
          { ready: true, state: { running: {} } },
        ],
      },
      "Running",
    ],
  ])("say of a pod with the status %j that it is %s", (status, word) => {
    expect(cells("v1/pods", { metadata: { name: "p" }, status })).toMatchObject({ status: word });
  });

  it("say of a pod that is being deleted that it is", () => {
    const metadata = { name: "p", deletionTimestamp: "2026-01-01T00:00:00Z" };
    expect(cells("v1/pods", { metadata, status: { phase: "Running" } })).toMatchObject({ status: "Terminating" });
  });

  it("say of a node whether it is ready, and takes pods", () => {
    const status = { conditions: [{ type: "Ready", status: "True" }], allocatable: { cpu: "7910m" } };
    const node = { metadata: { name: "n" }, status, spec: { unschedulable: true } };
    expect(cells("v1/nodes", node)).toMatchObject({ status: "Ready, cordoned", cpu: 7.91 });
  });

  it("are namespace, name and age of what is not known, the same ones each time, and take an object that has none of it", () => {
    for (const resource of ["example.com/v1/things", "constructor", "__proto__"]) {
      expect(columnsOf(resource).map(({ id }) => id)).toEqual(["namespace", "name", "age"]);
      expect(columnsOf(resource)).toBe(columnsOf(resource));
    }
    for (const resource of ["v1/pods", "v1/nodes", "v1/services", "apps/v1/deployments", "v1/persistentvolumeclaims"])
      expect(cells(resource, { metadata: { name: "bare" } })).toMatchObject({ name: "bare" });
  });
});
