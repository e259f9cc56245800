// Measure how late a cluster's watch tells of pods, and write it to InfluxDB 1 (its database: `CREATE DATABASE krm`).
//
//     node --conditions=krm-source examples/delay-to-influxdb.ts http://127.0.0.1:8086 [kubeconfig]
import { MemoryStore, Monitor, PODS, silentLogger, systemClock } from "@krm/core";
import { KubernetesSource, loadKubeConfig } from "@krm/kubernetes";
import { Collector, InfluxSink } from "@krm/metrics";
import { InfluxWriter } from "@krm/metrics/influx";

const [url = "http://127.0.0.1:8086", kubeconfig] = process.argv.slice(2);
await using store = new MemoryStore();
await using source = new KubernetesSource({
  kubeConfig: loadKubeConfig(kubeconfig === undefined ? {} : { file: kubeconfig }),
});

const target = { api: "v1", url, database: "krm" } as const;
const writer = new InfluxWriter({
  target,
  clock: systemClock,
  logger: silentLogger,
  random: Math.random,
  flushEveryMs: 1000,
});
const sink = new InfluxSink({ writer, tags: { cluster: "example" } });
const collector = new Collector({ store, sink });

const [collecting, writing] = [new AbortController(), new AbortController()];
const written = writer.run(writing.signal);
const collected = collector.run(collecting.signal);

await using monitor = new Monitor({ source, store, resources: [PODS] }).start();
await monitor.ready();
console.log("measuring: each event is a point of the measurement streamed_data");

const { promise, resolve } = Promise.withResolvers<void>();
process.once("SIGINT", resolve);
process.once("SIGTERM", resolve);
await promise;

// Nothing more is read; what was read is written, and how far that is is kept for a store that survives.
collecting.abort();
await collected;
sink.finish();
writing.abort();
await written;
await collector.keepCheckpoints();
console.log("all that was measured is written");
