import { Monitor, PODS, type ResourceType } from "@krm/core";
import { createServer } from "@krm/server";
import { ClusterSource, generateCluster, SimCluster } from "@krm/testkit";

/** A cluster of twenty pods that changes only when told, monitored and served. */
export interface StillCluster extends AsyncDisposable {
  readonly cluster: SimCluster;
  readonly url: string;
  /** Labels a pod `seen=yes`, and says which. */
  readonly change: () => { readonly namespace: string; readonly name: string };
}

/** Starts one on loopback. `tokens`: a file of those who may read; else everybody may. */
export async function stillCluster({
  tokens,
  resources = [PODS],
}: { readonly tokens?: string | undefined; readonly resources?: readonly ResourceType[] } = {}): Promise<StillCluster> {
  const cluster = new SimCluster();
  generateCluster(cluster, { pods: 20, nodes: 3 });
  await using opened = new AsyncDisposableStack();
  const monitor = opened.use(new Monitor({ source: new ClusterSource({ cluster }), resources }).start());
  await monitor.ready();
  const server = opened.use(
    await createServer({
      store: monitor.store,
      listen: { host: "127.0.0.1", port: 0 },
      auth: tokens === undefined ? undefined : { type: "static", file: tokens },
    }),
  );
  const { url } = await server.listen();
  const open = opened.move();
  return {
    cluster,
    url,
    change: () => {
      const { name = "", namespace = "" } = cluster.list(PODS).items[0]?.metadata ?? {};
      cluster.patch(PODS, namespace, name, { metadata: { labels: { seen: "yes" } } });
      return { namespace, name };
    },
    [Symbol.asyncDispose]: async () => open.disposeAsync(),
  };
}
