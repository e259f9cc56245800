import { DEFAULT_RESOURCES, PODS } from "@krm/core";
import { Churn, generateCluster, SimApiServer, SimCluster } from "@krm/testkit";
import { serve, stop } from "../redis/serve.ts";
import { type Counted, CountedRequests } from "./count-requests.ts";

// A simulated API server over HTTPS, in a process of its own, so that its CPU time is what one client costs it.
const requests = new CountedRequests();
const cluster = new SimCluster();
const server = new SimApiServer({ cluster });
const events = new Map<string, number>();
let turn = 0;

const procedures = {
  /** Fills the cluster and listens; the kubeconfig. */
  async start(pods: number): Promise<string> {
    generateCluster(cluster, { pods, seed: 1 });
    cluster.compact();
    cluster.subscribe(({ resource: { resource } }) => events.set(resource, (events.get(resource) ?? 0) + 1));
    await server.listen();
    return server.kubeconfig();
  },
  /**
   * Life in the cluster from now on. Nothing is compacted: the watch cache of a kube-apiserver keeps the last events of a
   * quiet resource however old they are, and this one would refuse them.
   */
  churn(eventsPerSecond: number): void {
    void new Churn({ cluster, seed: 1, eventsPerSecond }).run({ signal: stop.signal });
  },
  /** Changes one pod; its version. */
  change(): string {
    const pods = cluster.list(PODS).items;
    const { namespace, name } = pods[turn++ % pods.length]!.metadata;
    return cluster.patch(PODS, namespace, name, { metadata: { annotations: { turn: String(turn) } } }).metadata
      .resourceVersion;
  },
  /** Counts from zero again. */
  reset(): void {
    requests.reset();
    events.clear();
  },
  requests: (): readonly Counted[] => requests.entries(),
  /** What each resource holds, and how many of its events came. */
  resources: (): readonly { readonly resource: string; readonly objects: number; readonly events: number }[] =>
    DEFAULT_RESOURCES.map((type) => ({
      resource: type.resource,
      objects: cluster.list(type).items.length,
      events: events.get(type.resource) ?? 0,
    })),
};
export type ApiServer = typeof procedures;

serve(procedures, async () => server.close());
