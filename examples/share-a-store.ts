// Share a view: whoever holds the roles keeps it in Redis, everybody reads it from a copy in memory. Start it twice; end
// the first one, and the second takes over.
//
//     node --conditions=krm-source examples/share-a-store.ts redis://127.0.0.1:6379 [kubeconfig]
import { Monitor, PODS, ReplicaStore } from "@krm/core";
import { KubernetesSource, loadKubeConfig } from "@krm/kubernetes";
import { openRedisStore } from "@krm/redis-store";
import { createServer } from "@krm/server";

const [target = "redis://127.0.0.1:6379", file] = process.argv.slice(2);
await using store = await openRedisStore({ target });
await using source = new KubernetesSource({ kubeConfig: loadKubeConfig(file === undefined ? {} : { file }) });
await using monitor = new Monitor({ source, store, resources: [PODS], leaseTtlMs: 5000 });
monitor.events.on("standing", (_scope, standing) => console.log(standing));
monitor.start();

await using replica = new ReplicaStore({ source: store }).start();
await using server = await createServer({ store: replica, listen: { host: "127.0.0.1", port: 0 } });
const { url } = await server.listen();
console.log(`${url}/pods`);

const { promise, resolve } = Promise.withResolvers<void>();
process.once("SIGINT", resolve);
process.once("SIGTERM", resolve);
await promise;
