import { setTimeout as sleep } from "node:timers/promises";
import { KrmClient, type Timing } from "@krm/client";
import { MemoryStore, Monitor, PODS } from "@krm/core";
import { createServer, type KrmServer } from "@krm/server";
import { ClusterSource, SimCluster } from "@krm/testkit";
import { FaultProxy, freePort } from "@krm/testkit/servers";
import { pod, withNamespaces } from "./roles/support.ts";

/** The machine's own time, but for waits between two tries: those are as good as none. */
const impatient: Timing = {
  now: () => performance.now(),
  wallClock: () => Date.now(),
  sleep: async (ms, signal) => sleep(ms < 10_000 ? 1 : ms, undefined, { signal }),
  timeout: (ms) => AbortSignal.timeout(ms),
  random: () => Math.random(),
};

/** A client of a KRM server that can be killed, over a cluster with six pods, of which every other has `half=yes`. */
export interface Scene extends AsyncDisposable {
  readonly cluster: SimCluster;
  readonly proxy: FaultProxy;
  readonly url: string;
  readonly client: KrmClient;
  /** The cluster's pods whose labels are wanted: key → version. */
  readonly truth: (wanted?: (labels: Readonly<Record<string, string>>) => boolean) => ReadonlyMap<string, string>;
  /** The server is killed: no connection ends in good order. */
  kill(): Promise<void>;
  revive(): Promise<void>;
  /** All that KRM knew is lost. */
  forget(): Promise<void>;
}

/** Makes one. `namespaces`: watched one by one, in place of all at once. */
export async function scene(seed: number, namespaces?: readonly string[]): Promise<Scene> {
  const stack = new AsyncDisposableStack();
  const cluster = withNamespaces(new SimCluster({ seed }), "team-a", "team-b");
  for (let i = 0; i < 6; i++) pod(cluster, `p${i}`, "team-a", i % 2 === 0 ? { half: "yes" } : {});
  const source = new ClusterSource({ cluster, seed });
  const port = await freePort();
  const proxy = stack.use(new FaultProxy());
  await proxy.listen(port);
  let monitor: Monitor;
  let server: KrmServer | undefined;
  const stop = async (): Promise<void> => server?.close();
  const serve = async (): Promise<void> => {
    server = await createServer({ store: monitor.store, listen: { host: "127.0.0.1", port }, graceMs: 1 });
    await server.listen();
  };
  const observe = async (): Promise<void> => {
    const options = { source, store: new MemoryStore(), resources: [PODS] };
    monitor = new Monitor(namespaces === undefined ? options : { ...options, namespaces }).start();
    await monitor.ready();
  };
  await observe();
  await serve();
  stack.defer(async () => {
    await stop();
    await monitor.stop();
  });
  const url = `http://127.0.0.1:${proxy.port}`;
  const client = new KrmClient({ url, timing: impatient });
  const truth = (wanted: (labels: Readonly<Record<string, string>>) => boolean = () => true) =>
    new Map(
      cluster
        .list(PODS)
        .items.filter(({ metadata }) => wanted(metadata.labels ?? {}))
        .map(({ metadata }) => [`${metadata.namespace}/${metadata.name}`, metadata.resourceVersion]),
    );
  return {
    cluster,
    proxy,
    url,
    client,
    truth,
    kill: async (): Promise<void> => {
      await proxy.cut();
      await stop();
    },
    revive: async (): Promise<void> => {
      await serve();
      await proxy.heal();
    },
    forget: async (): Promise<void> => {
      await monitor.stop();
      await observe();
    },
    [Symbol.asyncDispose]: async () => stack.disposeAsync(),
  };
}
