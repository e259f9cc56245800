// Embed KRM: keep a copy of a cluster's pods in this process, and be told of every change and of every missed event.
//
//     node --conditions=krm-source examples/embed-monitor.ts [kubeconfig]
import { Monitor, PODS } from "@krm/core";
import { KubernetesSource, loadKubeConfig } from "@krm/kubernetes";

const file = process.argv[2];
await using source = new KubernetesSource({ kubeConfig: loadKubeConfig(file === undefined ? {} : { file }) });
await using monitor = new Monitor({ source, resources: [PODS] });
monitor.events.on("verified", (_scope, { result, mode, drift }) => {
  console.log(`${result} (${mode})`);
  for (const { type, key, cause, exposedMs } of drift)
    console.log(`missed: ${type} ${key}, cause ${cause}, seen wrong for ${exposedMs / 1000} s at most`);
});
monitor.start();
await monitor.ready();

const pods = monitor.store.scope({ resource: PODS });
const { objects, meta } = await pods.read();
console.log(`${objects.length} pods at version ${meta.version}`);

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());
for await (const batch of pods.changes({ since: meta.cursor, signal: stop.signal })) {
  if (batch.type === "reset") {
    console.log("the view started anew: read it again");
    continue;
  }
  for (const { change } of batch.entries)
    console.log(change.type === "set" ? `set ${change.object.key}` : `removed ${change.key}`);
}
