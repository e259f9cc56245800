import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { KubeConfig } from "@kubernetes/client-node";
import { compileDropPaths, Monitor } from "@krm/core";
import { KubernetesUpstream } from "@krm/kubernetes";
import { createServer, type Upstream } from "@krm/server";
import {
  ClusterSource,
  createTlsMaterial,
  generateCluster,
  kubeconfigYaml,
  ManualClock,
  SimApiServer,
  SimCluster,
} from "@krm/testkit";

const TOKEN = "reader-token";

/** A simulated cluster as its own API server serves it, and as KRM does: over HTTPS, at the same time of the same clock. */
export interface ServedCluster extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly cluster: SimCluster;
  readonly apiServer: SimApiServer;
  /** Files of kubeconfigs, and a folder that may be the home of whoever uses them. */
  readonly files: { readonly apiServer: string; readonly krm: string; readonly home: string };
  /** The same as texts. */
  readonly configs: { readonly apiServer: string; readonly krm: string };
  /** KRM's URL, authority and token. */
  readonly krm: { readonly url: string; readonly ca: string; readonly token: string };
  /** Resolves when KRM shows all that the cluster holds. */
  follow(): Promise<void>;
}

/** @param options `forward`: KRM sends on what it does not hold (to what a function makes of the API server), and asks nobody who they are. */
export async function serveCluster(options: {
  readonly pods: number;
  readonly nodes: number;
  readonly forward?: boolean | ((apiServer: Upstream) => Upstream);
}): Promise<ServedCluster> {
  const clock = new ManualClock();
  const cluster = new SimCluster({ clock });
  const { forward = false } = options;
  generateCluster(cluster, options);
  // Ages that are told in different ways.
  await clock.advance(3 * 3_600_000);

  const home = await mkdtemp(join(tmpdir(), "krm-kubernetes-api-"));
  const [tls, ours] = await Promise.all([createTlsMaterial(), createTlsMaterial()]);
  const file = async (name: string, text: string): Promise<string> => {
    const path = join(home, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  const certFile = await file("tls.crt", ours.cert);
  const keyFile = await file("tls.key", ours.key);
  const tokens = await file("tokens", `${TOKEN},reader\n`);

  const apiServer = new SimApiServer({ cluster, tls });
  await apiServer.listen();
  // Nothing is dropped, so that the two can be held against each other.
  const source = new ClusterSource({ cluster, drop: compileDropPaths([]) });
  const monitor = new Monitor({ source, clock: new ManualClock({ now: clock.now() }) }).start();
  await monitor.ready();
  // KRM's own user may do nothing here: what readers get, they get by their own rights.
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(apiServer.kubeconfig({ user: "viewer" }));
  const upstream = new KubernetesUpstream(kubeConfig);
  const server = await createServer({
    store: monitor.store,
    clock,
    listen: { host: "127.0.0.1", port: 0 },
    tls: { certFile, keyFile },
    ...(forward === false
      ? { auth: { type: "static", file: tokens } }
      : { upstream: forward === true ? upstream : forward(upstream) }),
  });
  const { url } = await server.listen();

  const [user, token] = forward === false ? ["reader", TOKEN] : ["admin", "admin-token"];
  const configs = {
    apiServer: apiServer.kubeconfig(),
    krm: kubeconfigYaml({ server: url, ca: ours.ca, user, token }),
  };
  const follow = async (): Promise<void> => {
    for (let turns = 0; turns < 20_000; turns++) {
      if (source.openWatches === monitor.scopes.length) source.bookmark();
      const metas = await Promise.all(monitor.scopes.map((scope) => monitor.store.scope(scope).meta()));
      if (metas.every(({ version }) => version === cluster.version)) return;
      await nextTurn();
    }
    throw new Error(`KRM does not come to version ${cluster.version}`);
  };
  await follow();
  return {
    clock,
    cluster,
    files: { apiServer: await file("api-server", configs.apiServer), krm: await file("krm", configs.krm), home },
    configs,
    krm: { url, ca: ours.ca, token },
    apiServer,
    follow,
    async [Symbol.asyncDispose]() {
      await server.close();
      await upstream[Symbol.asyncDispose]();
      await monitor.stop();
      await apiServer.close();
      await rm(home, { recursive: true });
    },
  };
}
