import { CONFIG_MAPS, type JsonObject, ManualClock, NAMESPACES, SimCluster } from "@krm/testkit";
import { DEPLOYMENTS, INGRESSES, NODES, PERSISTENT_VOLUME_CLAIMS, PODS, type ResourceType, SERVICES } from "@krm/core";
import { isExchange, type Scenario } from "./scenario.ts";

const MANAGER = "recorder";

/** A write that was made between the recorded steps, so that it ends at its version. */
interface UnrecordedWrite {
  readonly version: bigint;
  readonly at: string;
  run(cluster: SimCluster): void;
}

/**
 * The cluster of the day of the recording. Whatever was written between the steps is written again at the same version
 * and time: first what the recorded answers tell of, and the rest as writes to a ConfigMap that no step looks at.
 */
export class World {
  readonly clock: ManualClock = new ManualClock({ now: Date.parse("2026-11-23T06:13:50Z") });
  readonly cluster: SimCluster = new SimCluster({ clock: this.clock });
  #writes: UnrecordedWrite[];
  #padding = 0;

  constructor(scenarios: readonly Scenario[]) {
    this.#writes = unrecordedWrites(scenarios);
  }

  /** Brings the cluster to a version. */
  advanceTo(version: bigint): void {
    for (let next = this.#writes[0]; next !== undefined && next.version <= version; next = this.#writes[0]) {
      this.#writes.shift();
      this.#padTo(next.version - 1n);
      this.clock.setNow(Date.parse(next.at));
      next.run(this.cluster);
      this.#expect(next.version);
    }
    this.#padTo(version);
  }

  #padTo(version: bigint): void {
    while (BigInt(this.cluster.version) < version) {
      const data = { count: String(this.#padding) };
      if (this.#padding === 0) this.cluster.create(CONFIG_MAPS, { metadata: { name: "padding" }, data });
      else this.cluster.patch(CONFIG_MAPS, "default", "padding", { data });
      this.#padding += 1;
    }
    this.#expect(version);
  }

  #expect(version: bigint): void {
    if (this.cluster.version === String(version)) return;
    throw new Error(`the replay is at version ${this.cluster.version} where the recording was at ${version}`);
  }
}

function unrecordedWrites(scenarios: readonly Scenario[]): UnrecordedWrite[] {
  const objects = tableObjects(scenarios);
  const early = "2026-11-23T06:13:50Z";
  const paged = "2026-11-23T06:13:54Z";
  const tables = "2026-11-23T06:14:27Z";
  const pod = (name: string, labels: Record<string, string>): JsonObject => ({
    metadata: { name, namespace: "rec", labels },
    spec: { automountServiceAccountToken: false, containers: [{ name: "c", image: "registry.example/c:1" }] },
  });
  return [
    create(10n, early, NAMESPACES, { metadata: { name: "rec" } }),
    create(11n, early, NAMESPACES, { metadata: { name: "team-0" } }),
    create(12n, paged, NODES, specOf(objects, "Node")),
    create(66n, paged, PODS, pod("b", { app: "web" })),
    create(67n, paged, PODS, pod("c", { app: "web" })),
    create(68n, paged, PODS, pod("d", { app: "web" })),
    create(69n, paged, PODS, pod("e", { app: "web" })),
    create(70n, paged, PODS, pod("zz-late", { app: "web" })),
    create(215n, "2026-11-23T06:14:00Z", PODS, pod("lab1", { app: "db", tier: "x" })),
    create(232n, "2026-11-23T06:14:05Z", PODS, pod("sel", { app: "web", color: "red" })),
    status(243n, tables, NODES, objects.get("Node")),
    create(244n, tables, DEPLOYMENTS, specOf(objects, "Deployment")),
    create(247n, tables, SERVICES, specOf(objects, "Service")),
    create(248n, tables, PERSISTENT_VOLUME_CLAIMS, specOf(objects, "PersistentVolumeClaim")),
    create(249n, tables, INGRESSES, specOf(objects, "Ingress")),
    create(250n, tables, PODS, specOf(objects, "Pod")),
    status(251n, tables, PODS, objects.get("Pod")),
  ];
}

function create(version: bigint, at: string, resource: ResourceType, object: JsonObject): UnrecordedWrite {
  return { version, at, run: (cluster) => void cluster.create(resource, object, { manager: MANAGER }) };
}

function status(version: bigint, at: string, resource: ResourceType, object: JsonObject | undefined): UnrecordedWrite {
  const { name, namespace } = (object?.["metadata"] ?? {}) as { name: string; namespace?: string };
  return {
    version,
    at,
    run: (cluster) => {
      const patch = { status: object?.["status"] };
      const options = { manager: MANAGER, subresource: "status" as const };
      cluster.patch(resource, namespace, name, patch, "application/merge-patch+json", options);
    },
  };
}

const TABLE_KINDS: Readonly<Record<string, string>> = {
  pods: "Pod",
  deployments: "Deployment",
  services: "Service",
  persistentvolumeclaims: "PersistentVolumeClaim",
  ingresses: "Ingress",
  nodes: "Node",
};

/** The objects behind the Tables of scenario 10, by kind. */
function tableObjects(scenarios: readonly Scenario[]): Map<string, JsonObject> {
  const steps = scenarios.find(({ name }) => name === "10-tables")?.steps ?? [];
  const found = new Map<string, JsonObject>();
  for (const [index, step] of steps.entries()) {
    const before = steps[index - 1];
    if (isExchange(step) || before === undefined || !isExchange(before)) continue;
    const plural = before.request.path.split("/").at(-1) ?? "";
    found.set(TABLE_KINDS[plural] ?? "", step.objects[0] as JsonObject);
  }
  return found;
}

/** What the API server adds to an object that is created, beyond defaults: nobody sent it, and no manager has it. */
const ADDED_BY_SERVER = new Set([
  "clusterIP",
  "clusterIPs",
  "ipFamilies",
  "ipFamilyPolicy",
  "nodePort",
  "preemptionPolicy",
  "priority",
  "taints",
  "topology.kubernetes.io/zone",
]);

/** What a client has sent to create a recorded object. The node's zone is the source of its pods' label. */
function specOf(objects: ReadonlyMap<string, JsonObject>, kind: string): JsonObject {
  const object = objects.get(kind);
  if (object === undefined) throw new Error(`scenario 10 holds no ${kind}`);
  const { annotations, labels, name, namespace } = object["metadata"] as JsonObject;
  const sent = { metadata: { name, namespace, labels, annotations }, spec: object["spec"] };
  const text = JSON.stringify(sent, (key, value: unknown) =>
    ADDED_BY_SERVER.has(key) && !(kind === "Node" && key.startsWith("topology")) ? undefined : value,
  );
  return JSON.parse(text) as JsonObject;
}
