import { DEPLOYMENTS, INGRESSES, NODES, PERSISTENT_VOLUME_CLAIMS, type ResourceType, SERVICES } from "@krm/core";
import { describe, expect, test } from "vitest";
import { type Cell, tableColumns, toTable } from "../src/index.ts";

function cell(resource: ResourceType, column: string, object: object): Cell | undefined {
  const table = toTable(resource, [object], { now: 0, listMeta: { resourceVersion: "1" } });
  return table.rows[0]?.cells[tableColumns(resource).findIndex(({ name }) => name === column)];
}

const balanced = (type: string): object => ({
  spec: { type, externalIPs: ["9.9.9.9"] },
  status: { loadBalancer: { ingress: [{ hostname: "b.example" }, { ip: "1.2.3.4" }, { ip: "1.2.3.4" }] } },
});

describe("services", () => {
  test.for<[object, Cell]>([
    [{ spec: { type: "ClusterIP" } }, "<none>"],
    [balanced("NodePort"), "9.9.9.9"],
    [balanced("LoadBalancer"), "1.2.3.4,b.example,9.9.9.9"],
    [{ spec: { type: "LoadBalancer" } }, "<pending>"],
    [{ spec: { type: "ExternalName", externalName: "db.example" } }, "db.example"],
    [{ spec: { type: "Odd" } }, "<unknown>"],
  ])("external IP of %j is %s", ([service, expected]) => {
    expect(cell(SERVICES, "External-IP", service)).toBe(expected);
  });

  test("ports with and without a port on the nodes", () => {
    const ports = [
      { port: 80, nodePort: 30080, protocol: "TCP" },
      { port: 53, protocol: "UDP" },
    ];
    expect(cell(SERVICES, "Port(s)", { spec: { ports } })).toBe("80:30080/TCP,53/UDP");
    expect(cell(SERVICES, "Port(s)", {})).toBe("<none>");
  });

  test("a headless service, and the first of two addresses", () => {
    expect(cell(SERVICES, "Cluster-IP", { spec: { clusterIP: "None" } })).toBe("None");
    expect(cell(SERVICES, "Cluster-IP", { spec: { clusterIPs: ["10.0.0.1", "fd00::1"] } })).toBe("10.0.0.1");
  });
});

describe("persistent volume claims", () => {
  const bound = {
    metadata: {},
    spec: { volumeName: "pv1", storageClassName: "fast" },
    status: { phase: "Bound", capacity: { storage: "10Gi" }, accessModes: ["ReadWriteMany", "ReadWriteOnce"] },
  };

  test("capacity and modes are told once there is a volume", () => {
    expect(cell(PERSISTENT_VOLUME_CLAIMS, "Capacity", bound)).toBe("10Gi");
    expect(cell(PERSISTENT_VOLUME_CLAIMS, "Access Modes", bound)).toBe("RWO,RWX");
    const pending = { ...bound, spec: { storageClassName: "fast" } };
    expect(cell(PERSISTENT_VOLUME_CLAIMS, "Capacity", pending)).toBe("");
    expect(cell(PERSISTENT_VOLUME_CLAIMS, "Access Modes", pending)).toBe("");
  });

  test("the old annotation of the class comes first", () => {
    const annotations = { "volume.beta.kubernetes.io/storage-class": "old" };
    expect(cell(PERSISTENT_VOLUME_CLAIMS, "StorageClass", { ...bound, metadata: { annotations } })).toBe("old");
    expect(cell(PERSISTENT_VOLUME_CLAIMS, "StorageClass", bound)).toBe("fast");
  });

  test("being deleted", () => {
    const deleted = { ...bound, metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } };
    expect(cell(PERSISTENT_VOLUME_CLAIMS, "Status", deleted)).toBe("Terminating");
  });
});

describe("ingresses", () => {
  const hosts = (...names: readonly string[]): object => ({ spec: { rules: names.map((host) => ({ host })) } });

  test.for<[object, Cell]>([
    [{}, "*"],
    [hosts(""), "*"],
    [hosts("a", "b", "c"), "a,b,c"],
    [hosts("a", "b", "c", "d", "e"), "a,b,c + 2 more..."],
    [hosts("a", "b", "c", ""), "a,b,c + 1 more..."],
    [hosts("a", "", "b", "c"), "a,b,c"],
  ])("hosts of %j are %s", ([ingress, expected]) => {
    expect(cell(INGRESSES, "Hosts", ingress)).toBe(expected);
  });

  test("no class, no TLS", () => {
    expect(cell(INGRESSES, "Class", {})).toBe("<none>");
    expect(cell(INGRESSES, "Ports", {})).toBe("80");
  });
});

describe("nodes", () => {
  test("roles of both kinds of label, sorted", () => {
    const labels = {
      "node-role.kubernetes.io/worker": "",
      "kubernetes.io/role": "infra",
      "node-role.kubernetes.io/": "",
    };
    expect(cell(NODES, "Roles", { metadata: { labels } })).toBe("infra,worker");
  });

  test.for<[object, Cell]>([
    [{}, "Unknown"],
    [{ status: { conditions: [{ type: "Ready", status: "Unknown" }] } }, "NotReady"],
    [
      { spec: { unschedulable: true }, status: { conditions: [{ type: "Ready", status: "True" }] } },
      "Ready,SchedulingDisabled",
    ],
  ])("status of %j is %s", ([node, expected]) => {
    expect(cell(NODES, "Status", node)).toBe(expected);
  });
});

describe("deployments", () => {
  test("the selector in the words of a label selector, sorted by key", () => {
    const selector = {
      matchLabels: { tier: "x", app: "web" },
      matchExpressions: [
        { key: "env", operator: "In", values: ["q", "p"] },
        { key: "old", operator: "DoesNotExist" },
        { key: "new", operator: "Exists" },
        { key: "zone", operator: "NotIn", values: ["a"] },
      ],
    };
    expect(cell(DEPLOYMENTS, "Selector", { spec: { selector } })).toBe(
      "app=web,env in (p,q),new,!old,tier=x,zone notin (a)",
    );
  });
});
