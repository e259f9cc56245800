import { DEPLOYMENTS, NODES, PODS } from "@krm/core";
import { generateCluster, SimApiServer, SimCluster } from "@krm/testkit";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeKubeconfig } from "../src/files/write-kubeconfig.ts";
import { EXIT, run } from "../src/index.ts";
import { fakeIo } from "./fake-io.ts";
import { end, type Running, urlOf } from "./served-cluster.ts";

const kubectl = process.env["KRM_TEST_KUBECTL"];
const exec = promisify(execFile);

/** What stands after `get pods -A -o`, for both. */
const OUTPUTS = [
  "jsonpath={.items[*].metadata.name}",
  'jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name}{"\\t"}{.spec.nodeName}{"\\n"}{end}',
  "jsonpath={.items[0:2].metadata.name} {.items[-1:].metadata.name} {.items[-1].metadata.name}",
  'jsonpath={.items[?(@.status.phase=="Running")].metadata.name}',
  "jsonpath={.items[?(@.status.phase!='Running')].metadata.name}",
  "jsonpath={.items[?(@.metadata.labels.tier)].metadata.name}",
  'jsonpath={.items[?(@.metadata.labels.app\\.kubernetes\\.io/managed-by=="Helm")].metadata.name}',
  "jsonpath={.items[*].metadata.labels.app\\.kubernetes\\.io/name}",
  "jsonpath={.items[*]['metadata.name', 'status.phase']}",
  "jsonpath={.items[0]['metadata.name','spec.nodeName']}",
  "jsonpath={range .items[*]}[{range .spec.containers[*]}{.name}:{.ports[*].containerPort},{end}]{end}",
  "jsonpath={$.items[0].metadata.name} {@.items[0].metadata.name}",
  "jsonpath={..phase}",
  "jsonpath={.items[*].spec.containers[*].image}",
  "jsonpath={.items[0].nothing}|{.items[*].nothing.below}|",
  'jsonpath=before {"a \\"quoted\\" \\\\ text"} {\'and\\tanother\'} after',
  "jsonpath={.items[1].spec.containers[0].resources.requests.cpu}\\n",
  "custom-columns=NAME:.metadata.name,NODE:.spec.nodeName,NOTHING:.spec.nothing",
  "custom-columns=NAME:metadata.name,IMAGES:{.spec.containers[*].image}",
  "custom-columns=N:.metadata.name,APP:.metadata.labels.app\\.kubernetes\\.io/name,PORTS:.spec.containers[*].ports[*].containerPort",
];

const FLAGS = [
  ["pods", "-A", "--no-headers", "-o", "custom-columns=NAME:.metadata.name"],
  ["pods", "-A", "--no-headers", "-o", "custom-columns=:metadata.name"],
  ["pods", "-A", "-o", "custom-columns=:.metadata.name"],
  ["pods", "-A", "-o", "name", "--sort-by", ".metadata.name"],
  ["pods", "-A", "-o", "name", "--sort-by={.metadata.uid}"],
  ["pods", "-n", "default", "-o", "name", "--sort-by", "metadata.annotations.size"],
  ["nodes", "--no-headers", "--show-labels"],
  ["deployments", "-A", "--show-labels"],
  ["pods", "-A", "--no-headers", "-o", "wide", "--sort-by=.metadata.uid"],
];

describe.skipIf(kubectl === undefined)("krm get and kubectl get", { timeout: 60_000 }, () => {
  let folder: string;
  let kubeconfig: string;
  let api: SimApiServer;
  let monitor: Running;
  let server: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "krm-get-"));
    const cluster = new SimCluster({ seed: 5 });
    generateCluster(cluster, { pods: 24, nodes: 3 });
    for (const [at, size] of ["100m", "2", "1Gi", "20", undefined, "1e3"].entries()) {
      const annotations = size === undefined ? {} : { size };
      cluster.create(PODS, { metadata: { name: `p${at}`, namespace: "default", annotations }, spec: {} });
    }
    api = new SimApiServer({ cluster, seed: 5 });
    await api.listen();
    kubeconfig = join(folder, "kubeconfig");
    await writeKubeconfig(api.kubeconfig(), kubeconfig);
    const resources = ["pods", "deploy", "nodes"];
    const io = fakeIo();
    const args = ["monitor", ...resources, "--serve", "--listen", "127.0.0.1:0", "--kubeconfig", kubeconfig];
    monitor = { io, code: run(args, io) };
    for (const type of [PODS, DEPLOYMENTS, NODES])
      await monitor.io.stderr.matching(new RegExp(`/${type.resource}","state":"synced"`));
    server = await urlOf(monitor);
  });
  afterAll(async () => {
    await end(monitor);
    await api[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  async function theirs(args: readonly string[]): Promise<string> {
    const env = { ...process.env, KUBECONFIG: kubeconfig, HOME: folder };
    const { stdout } = await exec(kubectl ?? "", ["get", ...args], { env });
    return stdout;
  }

  async function ours(args: readonly string[]): Promise<string> {
    const io = fakeIo({ env: { KRM_SERVER: server } });
    const code = await run(["get", ...args], io);
    expect(io.stderr.text).toBe("");
    expect(code).toBe(EXIT.ok);
    return io.stdout.text;
  }

  it.each(OUTPUTS)("print the same with -o %s", async (output) => {
    const args = ["pods", "-A", "-o", output];
    expect(await ours(args)).toBe(await theirs(args));
  });

  it.each(FLAGS)("print the same: %s", async (...args) => {
    expect(withoutAge(await ours(args))).toBe(withoutAge(await theirs(args)));
  });
});

/** Ages may differ by a second. */
function withoutAge(table: string): string {
  return table.replaceAll(/ +\d+[smhd]\S* +/gu, " AGE ");
}
