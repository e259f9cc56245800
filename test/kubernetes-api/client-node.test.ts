import { AppsV1Api, CoreV1Api, KubeConfig, KubernetesObjectApi, NetworkingV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveCluster, type ServedCluster } from "./support/served-cluster.ts";

interface Listed {
  readonly metadata?: { readonly resourceVersion?: string; readonly _continue?: string };
  readonly items: readonly unknown[];
}

describe("@kubernetes/client-node on KRM's Kubernetes API", () => {
  let served: ServedCluster;
  let krm: KubeConfig;
  let apiServer: KubeConfig;

  beforeAll(async () => {
    served = await serveCluster({ pods: 60, nodes: 4 });
    krm = new KubeConfig();
    krm.loadFromString(served.configs.krm);
    apiServer = new KubeConfig();
    apiServer.loadFromString(served.configs.apiServer);
  });
  afterAll(async () => served[Symbol.asyncDispose]());

  /** What the same call gives on both. */
  async function both<T extends Listed>(call: (config: KubeConfig) => Promise<T>): Promise<T> {
    const [ours, theirs] = await Promise.all([call(krm), call(apiServer)]);
    expect(ours.items).toEqual(theirs.items);
    expect(ours.metadata?.resourceVersion).toBe(theirs.metadata?.resourceVersion);
    return ours;
  }

  it("lists the six kinds as the API server does", async () => {
    const core = (config: KubeConfig): CoreV1Api => config.makeApiClient(CoreV1Api);
    expect((await both(async (config) => core(config).listPodForAllNamespaces())).items).toHaveLength(60);
    await both(async (config) => core(config).listServiceForAllNamespaces());
    await both(async (config) => core(config).listPersistentVolumeClaimForAllNamespaces());
    expect((await both(async (config) => core(config).listNode())).items).toHaveLength(4);
    await both(async (config) => config.makeApiClient(AppsV1Api).listDeploymentForAllNamespaces());
    await both(async (config) => config.makeApiClient(NetworkingV1Api).listIngressForAllNamespaces());
  });

  it("lists a selection, a version and pages", async () => {
    const core = (config: KubeConfig): CoreV1Api => config.makeApiClient(CoreV1Api);
    const namespace =
      served.cluster.list({ group: "", version: "v1", resource: "pods" }).items[0]?.metadata.namespace ?? "";
    await both(async (config) =>
      core(config).listNamespacedPod({ namespace, fieldSelector: "status.phase=Running", labelSelector: "!nope" }),
    );
    await both(async (config) =>
      core(config).listNode({ resourceVersion: served.cluster.version, resourceVersionMatch: "NotOlderThan" }),
    );
    const names: (string | undefined)[] = [];
    let token: string | undefined;
    do {
      const page = await core(krm).listPodForAllNamespaces({
        limit: 7,
        ...(token === undefined ? {} : { _continue: token }),
      });
      names.push(...page.items.map(({ metadata }) => metadata?.name));
      token = page.metadata?._continue;
    } while (token !== undefined && token !== "");
    expect(names).toHaveLength(60);
  });

  it("reads one object, finds kinds by discovery, and is told what is missing", async () => {
    const objects = KubernetesObjectApi.makeApiClient(krm);
    const nodes = await objects.list("v1", "Node");
    const name = nodes.items[0]?.metadata?.name ?? "";
    expect((await objects.read({ apiVersion: "v1", kind: "Node", metadata: { name } })).kind).toBe("Node");
    await expect(krm.makeApiClient(CoreV1Api).readNode({ name: "none" })).rejects.toMatchObject({ code: 404 });
    await expect(krm.makeApiClient(CoreV1Api).deleteNode({ name })).rejects.toMatchObject({ code: 405 });
  });
});
