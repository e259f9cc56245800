// An informer of @kubernetes/client-node that reads from a running KRM (`npm run demo`): one import is another.
//
//     node --conditions=krm-source examples/informer-drop-in.ts [url]
import { CoreV1Api, KubeConfig, type V1Pod } from "@kubernetes/client-node";
// import { makeInformer } from "@kubernetes/client-node";
import { makeInformer } from "@krm/client/informer";

// Or `loadFromDefault`, with a context that names KRM: `krm simulate` and the chart's NOTES have one.
const kubeConfig = new KubeConfig();
const server = process.argv[2] ?? "http://127.0.0.1:8003";
kubeConfig.loadFromClusterAndUser({ name: "krm", server, skipTLSVerify: false }, { name: "reader" });
const api = kubeConfig.makeApiClient(CoreV1Api);

const informer = makeInformer<V1Pod>(kubeConfig, "/api/v1/pods", () => api.listPodForAllNamespaces());
const changed = new Promise<V1Pod>((resolve) => {
  informer.on("update", resolve);
});
// Only what ends it: a connection that breaks, or a KRM that is started anew, is got over.
informer.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});
await informer.start();
console.log(`${informer.list().length} pods`);

const { metadata } = await changed;
console.log(`${metadata?.namespace}/${metadata?.name}, of ${metadata?.creationTimestamp?.toISOString()}, has changed`);
await informer.stop();
