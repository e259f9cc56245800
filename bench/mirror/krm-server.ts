import { Monitor, PODS } from "@krm/core";
import { KubernetesSource } from "@krm/kubernetes";
import { createServer } from "@krm/server";
import { KubeConfig } from "@kubernetes/client-node";
import type { Answer } from "../sync-and-ingest/messages.ts";

// The KRM that the mirrors read from, in a process of its own: its cost is nobody's here.
const kubeConfig = new KubeConfig();
kubeConfig.loadFromString(process.argv[2] ?? "");
const source = new KubernetesSource({ kubeConfig });
const monitor = new Monitor({ source, resources: [PODS], verifyEveryMs: 86_400_000 }).start();
await monitor.ready();
const server = await createServer({ store: monitor.store, listen: { host: "127.0.0.1", port: 0 } });
const { url } = await server.listen();
const { bytes } = await monitor.store.scope({ resource: PODS }).meta();
process.send?.({ type: "ready", url, bytes } satisfies Answer);
