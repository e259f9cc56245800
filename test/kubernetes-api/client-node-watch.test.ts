import { setImmediate as nextTurn } from "node:timers/promises";
import { CoreV1Api, KubeConfig, makeInformer, type V1Pod, Watch } from "@kubernetes/client-node";
import { PODS } from "@krm/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveCluster, type ServedCluster } from "./support/served-cluster.ts";

/** Lets I/O go on until it has come to this. */
async function until(met: () => boolean): Promise<void> {
  for (let turns = 0; turns < 200_000; turns++) {
    if (met()) return;
    await nextTurn();
  }
  throw new Error("it never came to this");
}

describe("@kubernetes/client-node watches KRM's Kubernetes API", () => {
  let served: ServedCluster;
  let krm: KubeConfig;

  beforeAll(async () => {
    served = await serveCluster({ pods: 40, nodes: 4 });
    krm = new KubeConfig();
    krm.loadFromString(served.configs.krm);
  });
  afterAll(async () => served[Symbol.asyncDispose]());

  it("an informer has what the cluster holds, through changes, and a selection of it", async () => {
    const { cluster } = served;
    const core = krm.makeApiClient(CoreV1Api);
    const informer = makeInformer<V1Pod>(krm, "/api/v1/pods", async () => core.listPodForAllNamespaces());
    informer.on("error", () => {});
    await informer.start();
    const seen: string[] = [];
    const selected = await new Watch(krm).watch(
      "/api/v1/pods",
      { labelSelector: "step=one" },
      (type: string, { metadata }: V1Pod) => seen.push(`${type} ${metadata?.name}`),
      () => {},
    );
    const [first] = cluster.list(PODS).items;
    const { name, namespace } = first!.metadata;
    const texts = (): readonly string[] =>
      informer
        .list()
        .map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}@${metadata?.resourceVersion}`)
        .toSorted();
    const truth = (): readonly string[] =>
      cluster
        .list(PODS)
        .items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}@${metadata.resourceVersion}`)
        .toSorted();
    for (const step of ["one", "two"]) {
      cluster.patch(PODS, namespace, name, { metadata: { labels: { step } } });
      await served.follow();
      await until(() => JSON.stringify(texts()) === JSON.stringify(truth()));
    }
    cluster.delete(PODS, namespace, name, { gracePeriodSeconds: 0 });
    await served.follow();
    await until(() => texts().length === 39 && JSON.stringify(texts()) === JSON.stringify(truth()));
    expect(seen).toEqual([`ADDED ${name}`, `DELETED ${name}`]);
    await informer.stop();
    selected.abort();
  });
});
