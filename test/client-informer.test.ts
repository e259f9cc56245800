// @krm/client's informer beside client-node's own, over the same cluster.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { makeInformer } from "@krm/client/informer";
import { Monitor, PODS } from "@krm/core";
import { createServer } from "@krm/server";
import { ClusterSource, createTlsMaterial, SeededRandom, SimApiServer, SimCluster } from "@krm/testkit";
import {
  CoreV1Api,
  type Informer,
  KubeConfig,
  makeInformer as makeTheirs,
  type ObjectCache,
  type V1Pod,
} from "@kubernetes/client-node";
import { expect, test, vi } from "vitest";
import { scene } from "./client-scene.ts";
import { change, touch } from "./faults/changes.ts";
import { pod, withNamespaces } from "./roles/support.ts";

vi.setConfig({ testTimeout: 60_000 });

const PATH = "/api/v1/namespaces/team-a/pods";
const text = ({ metadata }: V1Pod): string => `${metadata?.name}@${metadata?.resourceVersion}`;

/** Notes what is told, and waits until so many have been. */
class Notes {
  readonly told: string[] = [];
  readonly errors: unknown[] = [];

  constructor(informer: Informer<V1Pod>) {
    for (const verb of ["add", "update", "delete"] as const)
      informer.on(verb, (object) => this.told.push(`${verb} ${text(object)}`));
    informer.on("error", (error: unknown) => this.errors.push(error));
  }

  async until(met: () => boolean): Promise<void> {
    for (const started = Date.now(); !met(); await nextTurn())
      if (Date.now() - started > 20_000) throw new Error(`told so far: ${this.told.join(", ")}`);
  }
}

const held = (cache: ObjectCache<V1Pod>): readonly string[] => cache.list().map(text).toSorted();

function configOf(server: string): KubeConfig {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromClusterAndUser({ name: "krm", server, skipTLSVerify: false }, { name: "me" });
  return kubeConfig;
}

test.each([1, 2])("tells just what client-node's tells, and holds the same (seed %i)", async (seed) => {
  await using world = await scene(seed);
  const { cluster } = world;
  await using api = new SimApiServer({ cluster });
  await api.listen();
  const direct = new KubeConfig();
  direct.loadFromString(api.kubeconfig());
  const core = direct.makeApiClient(CoreV1Api);
  const listFn = () => core.listNamespacedPod({ namespace: "team-a" });
  const theirs = makeTheirs(direct, PATH, listFn);
  const ours = makeInformer<V1Pod>(configOf(world.url), PATH, listFn);
  const [theirNotes, ourNotes] = [new Notes(theirs), new Notes(ours)];
  await Promise.all([theirs.start(), ours.start()]);
  expect(ourNotes.told.toSorted()).toEqual(theirNotes.told.toSorted());
  const atStart = ourNotes.told.length;
  const random = new SeededRandom(seed);
  for (let i = 0; i < 200; i++) {
    change(cluster, random, ["team-a"]);
    if (i % 20 === 0) await nextTurn();
  }
  const last = world.truth(() => true);
  const done = (cache: ObjectCache<V1Pod>) => () =>
    JSON.stringify(held(cache)) ===
    JSON.stringify(
      [...last]
        .filter(([key]) => key.startsWith("team-a/"))
        .map(([key, version]) => `${key.slice(7)}@${version}`)
        .toSorted(),
    );
  await theirNotes.until(done(theirs));
  await ourNotes.until(done(ours));
  expect(ourNotes.told.slice(atStart)).toEqual(theirNotes.told.slice(atStart));
  expect(atStart).toBe(6);
  expect([...theirNotes.errors, ...ourNotes.errors]).toEqual([]);
  await Promise.all([theirs.stop(), ours.stop()]);
});

test("goes on where its server was killed, and tells what was deleted meanwhile, without an error", async () => {
  await using world = await scene(1);
  const informer = makeInformer<V1Pod>(world.client, PATH);
  const notes = new Notes(informer);
  await informer.start();
  notes.told.length = 0;
  await world.kill();
  world.cluster.delete(PODS, "team-a", "p1", { gracePeriodSeconds: 0 });
  await world.forget();
  await world.revive();
  await notes.until(() => informer.get("p1", "team-a") === undefined);
  expect(notes.told).toEqual([expect.stringMatching(/^delete p1@/)]);
  expect(notes.errors).toEqual([]);
  await informer.stop();
});

test("reads over TLS by the authority, and with the token, of its kubeconfig", async () => {
  const cluster = withNamespaces(new SimCluster(), "team-a");
  pod(cluster, "p1");
  await using monitor = new Monitor({ source: new ClusterSource({ cluster }), resources: [PODS] }).start();
  await monitor.ready();
  const folder = await mkdtemp(join(tmpdir(), "krm-informer-"));
  try {
    const { ca, cert, key } = await createTlsMaterial();
    const [certFile, keyFile, tokens] = ["tls.crt", "tls.key", "tokens"].map((name) => join(folder, name));
    if (certFile === undefined || keyFile === undefined || tokens === undefined) throw new Error("no files");
    await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key), writeFile(tokens, "a-token-of-ada,ada\n")]);
    await using server = await createServer({
      store: monitor.store,
      listen: { host: "127.0.0.1", port: 0 },
      tls: { certFile, keyFile },
      auth: { type: "static", file: tokens },
      graceMs: 1,
    });
    const { url } = await server.listen();
    const kubeConfig = (token: string): KubeConfig => {
      const config = new KubeConfig();
      const caData = Buffer.from(ca).toString("base64");
      config.loadFromClusterAndUser({ name: "krm", server: url, skipTLSVerify: false, caData }, { name: "ada", token });
      return config;
    };
    const informer = makeInformer<V1Pod>(kubeConfig("a-token-of-ada"), PATH);
    const notes = new Notes(informer);
    await informer.start();
    notes.told.length = 0;
    touch(cluster, "p1");
    await notes.until(() => notes.told.length > 0);
    expect(notes.told).toEqual([expect.stringMatching(/^update p1@/)]);
    await informer.stop();

    const refused = makeInformer<V1Pod>(kubeConfig("a-token-of-eve"), PATH);
    const refusal = new Notes(refused);
    await refused.start();
    expect(refusal.errors).toMatchObject([{ code: "KRM_CLIENT_UNAUTHORIZED" }]);
    expect(String(refusal.errors)).not.toContain("a-token");
  } finally {
    await rm(folder, { recursive: true });
  }
});
