import { Monitor, PODS } from "@krm/core";
import { createServer } from "@krm/server";
import { ClusterSource, generateCluster, SimCluster } from "@krm/testkit";

/** A cluster of twenty pods that stands still, monitored and served. */
export interface ServedCluster extends AsyncDisposable {
  readonly url: string;
  /** Labels a pod `seen=yes`. */
  readonly change: () => void;
}

/** Starts one on loopback. `tokens`: a file of those who may read; else everybody may. */
export async function servedCluster(tokens?: string): Promise<ServedCluster> {
  const cluster = new SimCluster();
  generateCluster(cluster, { pods: 20, nodes: 3 });
  await using opened = new AsyncDisposableStack();
  const monitor = opened.use(new Monitor({ source: new ClusterSource({ cluster }), resources: [PODS] }).start());
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
    url,
    change: () => {
      const { name = "", namespace = "" } = cluster.list(PODS).items[0]?.metadata ?? {};
      cluster.patch(PODS, namespace, name, { metadata: { labels: { seen: "yes" } } });
    },
    [Symbol.asyncDispose]: async () => open.disposeAsync(),
  };
}
