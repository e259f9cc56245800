import { Monitor, PODS } from "@krm/core";
import { KubernetesSource } from "@krm/kubernetes";
import { KubeConfig } from "@kubernetes/client-node";
import { serveClient } from "./serve-client.ts";

// KRM embedded, as it comes: memory store, default drop paths, verification off for the time of the bench.
let seen = 0;
let wanted = Number.POSITIVE_INFINITY;
let reached: () => void = () => {};

serveClient({
  async sync(kubeconfig) {
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(kubeconfig);
    const monitor = new Monitor({
      source: new KubernetesSource({ kubeConfig }),
      resources: [PODS],
      verifyEveryMs: 86_400_000,
    });
    monitor.events.on("commit", (_, { changes }) => {
      seen += changes.length;
      if (seen >= wanted) reached();
    });
    monitor.start();
    await monitor.ready();
    const { objects } = await monitor.store.scope({ resource: PODS }).meta();
    return objects;
  },
  events(count) {
    seen = 0;
    wanted = count;
    const { promise, resolve } = Promise.withResolvers<void>();
    reached = resolve;
    return promise;
  },
});
