import { CoreV1Api, KubeConfig, makeInformer, type V1Pod } from "@kubernetes/client-node";
import { serveClient } from "./serve-client.ts";

// @kubernetes/client-node's informer, as its own documentation uses it.
let seen = 0;
let wanted = Number.POSITIVE_INFINITY;
let reached: () => void = () => {};

serveClient({
  async sync(kubeconfig) {
    const kubeConfig = new KubeConfig();
    kubeConfig.loadFromString(kubeconfig);
    const api = kubeConfig.makeApiClient(CoreV1Api);
    const informer = makeInformer<V1Pod>(kubeConfig, "/api/v1/pods", () => api.listPodForAllNamespaces());
    const count = (): void => {
      seen++;
      if (seen >= wanted) reached();
    };
    informer.on("add", count);
    informer.on("update", count);
    informer.on("delete", count);
    informer.on("error", (error: unknown) => {
      console.error("informer:", error);
    });
    await informer.start();
    return informer.list().length;
  },
  events(count) {
    seen = 0;
    wanted = count;
    const { promise, resolve } = Promise.withResolvers<void>();
    reached = resolve;
    return promise;
  },
});
