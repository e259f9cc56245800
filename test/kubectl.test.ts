import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { Churn, generateCluster, SimApiServer, SimCluster } from "@krm/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const kubectl = process.env["KRM_TEST_KUBECTL"];
const run = promisify(execFile);

describe.skipIf(kubectl === undefined)("kubectl on the simulated API server", { timeout: 60_000 }, () => {
  const cluster = new SimCluster();
  const server = new SimApiServer({ cluster });
  const stop = new AbortController();
  let folder: string;
  let churn: Promise<void>;

  beforeAll(async () => {
    generateCluster(cluster, { pods: 30, nodes: 3 });
    await server.listen();
    folder = await mkdtemp(join(tmpdir(), "krm-kubectl-"));
    await writeFile(join(folder, "config"), server.kubeconfig(), { mode: 0o600 });
    // Controllers only: what kubectl creates gets a node and runs, what it deletes goes.
    churn = new Churn({ cluster, eventsPerSecond: 0 }).run({ signal: stop.signal });
  });

  afterAll(async () => {
    stop.abort();
    await churn;
    await server.close();
    await rm(folder, { recursive: true });
  });

  const env = (): NodeJS.ProcessEnv => ({ ...process.env, KUBECONFIG: join(folder, "config"), HOME: folder });
  const k = async (...args: string[]): Promise<string> => {
    const { stdout } = await run(kubectl ?? "", args, { env: env() });
    return stdout;
  };
  const columns = (table: string): string[] => (table.split("\n")[0] ?? "").trim().split(/\s{2,}/);

  test("get prints the columns of each kind", async () => {
    expect(columns(await k("get", "pods", "-A"))).toEqual(["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE"]);
    expect(columns(await k("get", "nodes"))).toEqual(["NAME", "STATUS", "ROLES", "AGE", "VERSION"]);
    expect(columns(await k("get", "deploy", "-A"))).toEqual([
      "NAMESPACE",
      "NAME",
      "READY",
      "UP-TO-DATE",
      "AVAILABLE",
      "AGE",
    ]);
    expect(columns(await k("get", "svc", "-A"))).toEqual([
      "NAMESPACE",
      "NAME",
      "TYPE",
      "CLUSTER-IP",
      "EXTERNAL-IP",
      "PORT(S)",
      "AGE",
    ]);
    expect((await k("get", "pods", "-A", "--no-headers")).trim().split("\n")).toHaveLength(30);
    expect(columns(await k("get", "pods", "-A", "-o", "wide"))).toContain("NODE");
  });

  test("create, run, label, get -w and delete", async () => {
    expect(await k("create", "namespace", "lab")).toContain("namespace/lab created");
    const watch = spawn(kubectl ?? "", ["get", "pods", "-n", "lab", "-w", "--no-headers"], { env: env() });
    const lines = createInterface({ input: watch.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<string[]> => String((await lines.next()).value).split(/\s+/);
    try {
      expect(await k("run", "one", "-n", "lab", "--image=registry.example/one:1")).toContain("pod/one created");
      expect((await next()).slice(0, 3)).toEqual(["one", "0/1", "Pending"]);
      let row = await next();
      while (row[2] !== "Running") row = await next();
      expect(row.slice(0, 3)).toEqual(["one", "1/1", "Running"]);
      expect(await k("label", "pod", "one", "-n", "lab", "color=red")).toContain("pod/one labeled");
      expect(await k("get", "pods", "-n", "lab", "-l", "color=red", "-o", "name")).toBe("pod/one\n");
      expect(await k("create", "deployment", "web", "-n", "lab", "--image=registry.example/web:1")).toContain(
        "created",
      );
      expect(await k("delete", "pod", "one", "-n", "lab", "--grace-period=1")).toContain("deleted");
      expect(await k("get", "pods", "-n", "lab", "-l", "color=red", "-o", "name")).toBe("");
    } finally {
      watch.kill();
    }
  });

  test("is refused what the user may not do", async () => {
    await writeFile(join(folder, "viewer"), server.kubeconfig({ user: "viewer" }), { mode: 0o600 });
    const refused = run(kubectl ?? "", ["get", "pods", "-A", "--kubeconfig", join(folder, "viewer")], { env: env() });
    await expect(refused).rejects.toMatchObject({
      stderr: expect.stringContaining('User "viewer" cannot list resource "pods"'),
    });
  });
});
