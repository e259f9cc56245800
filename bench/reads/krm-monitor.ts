import { Monitor, PODS } from "@krm/core";
import { KubernetesSource, loadKubeConfig } from "@krm/kubernetes";
import { createServer } from "@krm/server";
import { type Answer, serveMeasure } from "./messages.ts";

// A KRM server over the pods of a cluster, in a process of its own.
const source = new KubernetesSource({ kubeConfig: loadKubeConfig({ file: process.argv[2] }) });
const monitor = new Monitor({ source, resources: [PODS], verifyEveryMs: 86_400_000 });
monitor.start();
await monitor.ready();
const { store } = monitor;
const server = await createServer({ store, listen: { host: "127.0.0.1", port: 0 } });
const { url } = await server.listen();
serveMeasure(async () => {});
const { objects, bytes } = await store.scope({ resource: PODS }).meta();
process.send?.({ type: "ready", url, objects, bytes } satisfies Answer);
