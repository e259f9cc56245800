import { type ApiStatus, KrmError, type ListWatch, type Scope, type WatchEvent, type WatchRequest } from "@krm/core";
import { CONFIG_MAPS, ClusterSource, type ClusterSourceOptions, ManualClock, SimCluster } from "@krm/testkit";

/** Config maps of namespace `default`: their deletion is one event, as that of a pod is not. */
export const SCOPE: Scope = { resource: CONFIG_MAPS, namespace: "default" };

/** A cluster with objects `a`, `b` and `c`, at versions 5, 6 and 7. */
export function smallCluster(clock: ManualClock = new ManualClock()): SimCluster {
  const cluster = new SimCluster({ clock });
  for (const name of ["a", "b", "c"]) create(cluster, name);
  return cluster;
}

export function create(cluster: SimCluster, name: string): void {
  cluster.create(CONFIG_MAPS, { metadata: { name }, data: { text: "x".repeat(100) } }, { namespace: "default" });
}

export function remove(cluster: SimCluster, name: string): void {
  cluster.delete(CONFIG_MAPS, "default", name);
}

/** Changes a label, which spends a version. */
export function touch(cluster: SimCluster, name: string): void {
  cluster.patch(CONFIG_MAPS, "default", name, { metadata: { labels: { at: cluster.version } } });
}

export function sourceOf(cluster: SimCluster, options: Partial<ClusterSourceOptions> = {}): ListWatch {
  return new ClusterSource({ cluster, ...options }).listWatch(SCOPE);
}

/** Each object as `name@version`. */
export async function listed(listWatch: ListWatch, request: Parameters<ListWatch["list"]>[0] = {}): Promise<string[]> {
  return (await listWatch.list(request)).items.map(({ name, resourceVersion }) => `${name}@${resourceVersion}`);
}

/** What the API server refused with. */
export async function refusal(answer: Promise<unknown>): Promise<ApiStatus | undefined> {
  const error: unknown = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return KrmError.is(error, "KRM_API_STATUS") ? error.status : undefined;
}

/** An open watch that is read when asked. */
export interface ReadWatch {
  /** All that has come since it was last asked. */
  told(): Promise<string[]>;
  /** All that comes until the end. */
  rest(): Promise<string[]>;
}

/** Opens a watch; its events read like `ADDED a@5`, `BOOKMARK 7`, `END 7` (the marker), `ERROR 410`. */
export async function watched(listWatch: ListWatch, request: Partial<WatchRequest>): Promise<ReadWatch> {
  const stream = await listWatch.watch({ resourceVersion: undefined, timeoutSeconds: 300, ...request });
  const events: string[] = [];
  const reading = (async () => {
    for await (const batch of stream) events.push(...batch.map(described));
  })();
  return {
    async told() {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      return events.splice(0);
    },
    async rest() {
      await reading;
      return events.splice(0);
    },
  };
}

function described(event: WatchEvent): string {
  switch (event.type) {
    case "BOOKMARK":
      return `${event.initialEventsEnd ? "END" : "BOOKMARK"} ${event.resourceVersion}`;
    case "ERROR":
      return `ERROR ${event.status.code}`;
    default:
      return `${event.type} ${event.object.name}@${event.object.resourceVersion}`;
  }
}
