import { type Informer, type KubernetesObject, makeInformer, type ObjectCache } from "@kubernetes/client-node";
import { serve, stop } from "../redis/serve.ts";
import { kubeConfigOf, listedResources } from "./client-node.ts";

/** As the client's own example does. */
const RESTART_MS = 5000;

// @kubernetes/client-node's informers, as its documentation uses them.
const informers: (Informer<KubernetesObject> & ObjectCache<KubernetesObject>)[] = [];
let errors = 0;

const procedures = {
  async start(kubeconfig: string): Promise<void> {
    const kubeConfig = kubeConfigOf(kubeconfig);
    for (const { path, list } of listedResources(kubeConfig)) {
      const informer = makeInformer(kubeConfig, path, list);
      informer.on("error", (error: unknown) => {
        if (stop.signal.aborted) return;
        if (errors++ === 0) console.error("informer:", error);
        setTimeout(() => void informer.start(), RESTART_MS);
      });
      await informer.start();
      informers.push(informer);
    }
  },
  holds: () => ({ objects: informers.reduce((sum, informer) => sum + informer.list().length, 0), errors }),
};

serve(procedures, async () => {
  await Promise.all(informers.map(async (informer) => informer.stop()));
});
