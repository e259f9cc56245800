// What the first KRM's client for Python asks and makes of it, on the flat API.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  DEPLOYMENTS,
  INGRESSES,
  Monitor,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PODS,
  type ResourceType,
  SERVICES,
} from "@krm/core";
import { createServer } from "@krm/server";
import { ClusterSource, generateCluster, SimCluster } from "@krm/testkit";
import { withPythonClient } from "@krm/testkit/servers";
import { expect, test } from "vitest";

const script = fileURLToPath(new URL("read_flat.py", import.meta.url));

type Read = Readonly<Record<string, readonly (readonly [type: string, name: string, created: string])[]>>;

withPythonClient(process.env, (python) => {
  test("its paths and parameters give lists that Kubernetes' library reads", { timeout: 60_000 }, async () => {
    const cluster = new SimCluster();
    generateCluster(cluster, { pods: 60, nodes: 4, seed: 7 });
    await using monitor = new Monitor({ source: new ClusterSource({ cluster }) }).start();
    await monitor.ready();
    await using server = await createServer({ store: monitor.store, listen: { host: "127.0.0.1", port: 0 } });
    const { url } = await server.listen();
    const [pod] = cluster.list(PODS).items;
    const { labels = {}, name = "", namespace = "" } = pod?.metadata ?? {};
    const [label = "", value = ""] = Object.entries(labels)[0] ?? [];
    const node = (pod as { readonly spec?: { readonly nodeName?: string } } | undefined)?.spec?.nodeName ?? "";
    const args = [script, url, name, namespace, node, `${label}=${value}`];
    const { stdout } = await promisify(execFile)(python, args, { maxBuffer: 16 * 1024 * 1024 });
    const read = JSON.parse(stdout) as Read;
    const expected = (resource: ResourceType): readonly unknown[] =>
      cluster
        .list(resource)
        .items.map(({ metadata }) => [
          `V1${resource.kind}`,
          metadata.name,
          metadata.creationTimestamp?.replace("Z", "+00:00"),
        ]);
    expect(read).toEqual({
      pods: expected(PODS),
      one: [[`V1Pod`, name, pod?.metadata.creationTimestamp?.replace("Z", "+00:00")]],
      nodes: expected(NODES),
      services: expected(SERVICES),
      pvcs: expected(PERSISTENT_VOLUME_CLAIMS),
      ingress: expected(INGRESSES),
      deployments: expected(DEPLOYMENTS),
    });
    expect(read["pods"]).toHaveLength(60);
  });
});
