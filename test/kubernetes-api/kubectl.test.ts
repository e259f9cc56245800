import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { DEPLOYMENTS, PODS } from "@krm/core";
import type { SimObject } from "@krm/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveCluster, type ServedCluster } from "./support/served-cluster.ts";

const kubectl = process.env["KRM_TEST_KUBECTL"];
const run = promisify(execFile);

interface Told {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

describe.skipIf(kubectl === undefined)("kubectl on KRM's Kubernetes API", { timeout: 60_000 }, () => {
  let served: ServedCluster;
  let pod: SimObject;

  beforeAll(async () => {
    served = await serveCluster({ pods: 60, nodes: 4 });
    pod = served.cluster.list(PODS).items[7] as SimObject;
  });
  afterAll(async () => served[Symbol.asyncDispose]());

  async function k(config: "apiServer" | "krm", args: readonly string[]): Promise<Told> {
    const { files } = served;
    const env = { ...process.env, KUBECONFIG: files[config], HOME: files.home };
    try {
      return { ...(await run(kubectl ?? "", args, { env, maxBuffer: 64 * 1024 * 1024 })), code: 0 };
    } catch (error) {
      const { code, stderr, stdout } = error as Told;
      if (typeof code !== "number") throw error;
      return { code, stderr, stdout };
    }
  }

  /** What KRM's answer makes kubectl say; fails where the API server's makes it say anything else. */
  async function same(...args: readonly string[]): Promise<Told> {
    const [ours, theirs] = await Promise.all([k("krm", args), k("apiServer", args)]);
    expect(ours.stdout.split("\n")).toEqual(theirs.stdout.split("\n"));
    expect(ours.stderr.split("\n")).toEqual(theirs.stderr.split("\n"));
    expect(ours.code).toBe(theirs.code);
    return ours;
  }

  const lines = ({ stdout }: Told): readonly string[] => stdout.split("\n").filter((line) => line !== "");

  it.for(["pods", "deployments", "pvc", "svc", "ing", "nodes"])("get %s, as a table and wide", async (resource) => {
    const everywhere = resource === "nodes" ? [] : ["-A"];
    expect(lines(await same("get", resource, ...everywhere)).length).toBeGreaterThan(1);
    await same("get", resource, ...everywhere, "-o", "wide");
    await same("get", resource, ...everywhere, "--show-labels", "--no-headers");
  });

  it.for([
    "json",
    "yaml",
    "name",
    "jsonpath={.items[*].metadata.uid}",
    "custom-columns=N:.metadata.name,P:.spec.nodeName",
  ])("get pods -o %s", async (output) => {
    expect((await same("get", "pods", "-A", "-o", output)).stdout).toContain(
      output.startsWith("jsonpath") ? pod.metadata.uid : pod.metadata.name,
    );
  });

  it("get of several kinds at once, and of what belongs to a category", async () => {
    await same("get", "deploy,svc,nodes", "-A");
    expect(
      lines(await k("krm", ["get", "all", "-A", "-o", "name"])).some((line) => line.startsWith("deployment.apps/")),
    ).toBe(true);
  });

  it("get with selectors, in pages and sorted", async () => {
    const { labels = {}, namespace = "" } = pod.metadata;
    const [key, value] = Object.entries(labels)[0] ?? [];
    const node = String((pod["spec"] as { nodeName?: string }).nodeName);
    expect(lines(await same("get", "pods", "-A", "-l", `${key}=${value}`)).length).toBeGreaterThan(1);
    expect(lines(await same("get", "pods", "-A", "-l", `${key}!=${value},!nope`)).length).toBeGreaterThan(1);
    expect(lines(await same("get", "pods", "-A", "--field-selector", `spec.nodeName=${node}`)).length).toBeGreaterThan(
      1,
    );
    await same("get", "pods", "-n", namespace, "--field-selector", "status.phase!=Running,metadata.name!=x");
    expect(lines(await same("get", "pods", "-A", "--chunk-size=7"))).toHaveLength(61);
    expect(lines(await same("get", "pods", "-A", "--chunk-size=7", "-o", "name"))).toHaveLength(60);
    await same("get", "pods", "-A", "--sort-by=.metadata.uid");
  });

  it("get of one object, in every form", async () => {
    const { name, namespace = "" } = pod.metadata;
    for (const output of [[], ["-o", "wide"], ["-o", "json"], ["-o", "yaml"], ["-o", "name"]])
      expect((await same("get", "pod", name, "-n", namespace, ...output)).stdout).toContain(name);
    const [deployment] = served.cluster.list(DEPLOYMENTS).items;
    await same(
      "get",
      `deployment/${deployment?.metadata.name}`,
      "-n",
      deployment?.metadata.namespace ?? "",
      "-o",
      "yaml",
    );
    await same("get", "node", String((pod["spec"] as { nodeName?: string }).nodeName), "-o", "json");
  });

  it("get of what is not there, and of nonsense", async () => {
    expect((await same("get", "pod", "missing", "-n", pod.metadata.namespace ?? "")).stderr).toContain("(NotFound)");
    await same("get", "pods", "-n", "no-such-namespace");
    await same("get", "nothings");
    await same("get", "pods", "-A", "-l", "a in (b");
    expect((await same("get", "pods", "-A", "--field-selector", "spec.nope=1")).stderr).toContain(
      "field label not supported",
    );
  });

  it("api-resources, api-versions and version", async () => {
    const columns = (told: Told): readonly string[] => lines(told).map((line) => line.replaceAll(/ +/g, " "));
    const ours = columns(await k("krm", ["api-resources"]));
    const theirs = columns(await k("apiServer", ["api-resources"]));
    expect(ours).toHaveLength(7);
    expect(theirs).toEqual(expect.arrayContaining([...ours]));
    expect(lines(await k("krm", ["api-versions"]))).toEqual(["apps/v1", "networking.k8s.io/v1", "v1"]);
    expect((await k("krm", ["version"])).stdout).toContain("Server Version: v1.36.2");
  });

  it("writes are refused", async () => {
    const { name, namespace = "" } = pod.metadata;
    for (const args of [
      ["delete", "pod", name, "-n", namespace],
      ["label", "pod", name, "-n", namespace, "a=b"],
    ]) {
      const { code, stderr } = await k("krm", args);
      expect(code).toBe(1);
      expect(stderr).toContain("the server does not allow this method on the requested resource");
    }
  });

  it("prints why the answer deserves less trust", async () => {
    expect((await k("krm", ["get", "nodes"])).stderr).toBe("");
    await served.clock.advance(200_000);
    const { code, stderr, stdout } = await k("krm", ["get", "nodes"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Warning: nodes: stale, last contact with the API server /);
    expect(stdout).toContain("Ready");
  });
});
