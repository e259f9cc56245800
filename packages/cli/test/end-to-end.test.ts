import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readHistory } from "@krm/testkit";
import { EXIT, run } from "../src/index.ts";
import { type FakeIo, fakeIo } from "./fake-io.ts";

let folder: string;
let kubeconfig: string;
let server: string;
let simulated: { readonly io: FakeIo; readonly code: Promise<number> };
let monitored: { readonly io: FakeIo; readonly code: Promise<number> };

function begin(
  argv: readonly string[],
  io: FakeIo = fakeIo(),
): { readonly io: FakeIo; readonly code: Promise<number> } {
  return { io, code: run(argv, io) };
}

async function krm(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = fakeIo({ env: { KRM_SERVER: server } });
  const code = await run(argv, io);
  return { code, out: io.stdout.text, err: io.stderr.text };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "krm-cli-test-"));
  kubeconfig = join(folder, "sim.kubeconfig");
  const record = join(folder, "history.ndjson");
  const simulate = "simulate --listen 127.0.0.1:0 --pods 40 --churn 0 --seed 7 --quiet-after 1ms";
  simulated = begin([...simulate.split(" "), "--record", record, "--write-kubeconfig", kubeconfig]);
  await simulated.io.stdout.matching(/Ctrl-C/);
  const monitor = "monitor pods deploy no --serve --listen 127.0.0.1:0 --verify-every 1h --kubeconfig";
  monitored = begin([...monitor.split(" "), kubeconfig]);
  const listening = await monitored.io.stderr.matching(/"url":"([^"]+)"/);
  server = listening[1] ?? "";
  for (const resource of [String.raw`v1\/pods`, String.raw`apps\/v1\/deployments`, String.raw`v1\/nodes`])
    await monitored.io.stderr.matching(new RegExp(`"resource":"${resource}","state":"synced"`));
}, 60_000);

afterAll(async () => {
  monitored.io.end();
  simulated.io.end();
  expect(await Promise.all([monitored.code, simulated.code])).toEqual([EXIT.ok, EXIT.ok]);
  const history = readHistory((await readFile(join(folder, "history.ndjson"), "utf8")).split("\n"));
  expect(history.changes({ group: "", version: "v1", resource: "pods" })).not.toHaveLength(0);
  await rm(folder, { recursive: true });
}, 30_000);

describe("krm simulate", () => {
  it("writes a kubeconfig for its owner alone, and says how to use it", async () => {
    expect((await stat(kubeconfig)).mode & 0o777).toBe(0o600);
    expect(simulated.io.stdout.text).toContain(`kubectl --kubeconfig ${kubeconfig} get pods -A`);
  });

  it("says when it is quiet", async () => {
    await simulated.io.stderr.matching(/quiet after 1ms: no more changes, no more faults/);
  });

  it("leaves a file alone that it did not write", async () => {
    const other = join(folder, "other");
    await writeFile(other, "apiVersion: v1\nkind: Config\n");
    const { code, err } = await krm("simulate", "--listen", "127.0.0.1:0", "--pods", "0", "--write-kubeconfig", other);
    expect(code).toBe(EXIT.failure);
    expect(err).toBe(
      `krm: ${other} exists and was not written by krm simulate, so it is left alone. Name another file for --write-kubeconfig.\n`,
    );
  });

  it("names a port in use, and the mend", async () => {
    const port = new URL(server).port;
    const { code, err } = await krm("simulate", "--listen", `127.0.0.1:${port}`, "--pods", "0");
    expect(code).toBe(EXIT.failure);
    expect(err).toBe(
      `krm: cannot listen on 127.0.0.1:${port}: the port is in use. Stop what uses it, or take any free port with --listen 127.0.0.1:0.\n`,
    );
  });
});

describe("krm get", () => {
  it("prints pods as kubectl does, with their namespaces", async () => {
    const { code, out, err } = await krm("get", "pods");
    expect([code, err]).toEqual([EXIT.ok, ""]);
    const [heading, ...rows] = out.trimEnd().split("\n");
    expect(heading).toMatch(/^NAMESPACE +NAME +READY +STATUS +RESTARTS +AGE$/);
    const names = (await krm("get", "pods", "-o", "name")).out.trimEnd().split("\n");
    expect(rows.length).toBeGreaterThanOrEqual(40);
    expect(rows).toHaveLength(names.length);
  });

  it("prints one object as JSON that says what it is", async () => {
    const named = await krm("get", "nodes", "-o", "name");
    const [first = ""] = named.out.split("\n");
    expect(first).toMatch(/^node\/./);
    const { out } = await krm("get", first, "--output", "json");
    expect(JSON.parse(out)).toMatchObject({ apiVersion: "v1", kind: "Node", metadata: { name: first.slice(5) } });
  });

  it("selects by label and namespace, and hides the column of a namespace that was named", async () => {
    const all = JSON.parse((await krm("get", "deploy", "-o", "json")).out) as {
      items: { kind: string; apiVersion: string; metadata: { namespace: string; labels: { app: string } } }[];
    };
    const wanted = all.items[0];
    expect(wanted).toMatchObject({ kind: "Deployment", apiVersion: "apps/v1" });
    const { namespace = "", labels } = wanted?.metadata ?? {};
    const { out } = await krm("get", "deployments.apps", "-n", namespace, "-l", `app=${labels?.app}`, "-o", "wide");
    const [heading, ...rows] = out.trimEnd().split("\n");
    expect(heading).toMatch(/^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR$/);
    const same = all.items.filter(
      ({ metadata }) => metadata.namespace === namespace && metadata.labels.app === labels?.app,
    );
    expect(rows).toHaveLength(same.length);
  });

  it("is coloured for people, and says how far it can be trusted", async () => {
    const io = fakeIo({ env: { KRM_SERVER: server }, terminal: true });
    expect(await run(["get", "nodes"], io)).toBe(EXIT.ok);
    expect(io.stdout.text.startsWith("\u001B[2mNAME\u001B[0m")).toBe(true);
    expect(io.stderr.text).toMatch(/synced, last news \d+s ago, verified \d+s ago, \d+ objects, version \d+/);
    const plain = fakeIo({ env: { KRM_SERVER: server, NO_COLOR: "1" }, terminal: true });
    expect(await run(["status"], plain)).toBe(EXIT.ok);
    expect(plain.stdout.text).not.toContain("\u001B");
    const coloured = fakeIo({ env: { KRM_SERVER: server }, terminal: true });
    expect(await run(["status"], coloured)).toBe(EXIT.ok);
    expect(coloured.stdout.text).toContain("\u001B[32msynced\u001B[0m");
  });

  it("says of an order that leads nowhere that there is none", async () => {
    const { out, err } = await krm("get", "nodes", "--sort-by", ".metadata.createdAt", "-o", "name");
    expect(out).toMatch(/^node\/node-0001\n/u);
    expect(err).toBe("krm: --sort-by leads nowhere in any of them: they stand as they came\n");
    expect((await krm("get", "nodes", "--sort-by", ".metadata.name", "-o", "name")).err).toBe("");
  });

  it("quotes timestamps in YAML, which older readers would take for dates", async () => {
    const { out } = await krm("get", "nodes", "--output", "yaml");
    expect(out).toMatch(/creationTimestamp: "20/);
  });

  it("says that there is nothing, on stderr", async () => {
    const { code, out, err } = await krm("get", "pods", "-n", "nobody");
    expect([code, out, err]).toEqual([EXIT.ok, "", "No resources found in nobody namespace.\n"]);
  });

  it.each([
    [
      ["get", "statefulsets"],
      /^krm: .*"statefulsets" is not watched here; watched resources: deployments.apps, nodes, pods\. Check the name; .*\n$/,
    ],
    [["get", "pods", "nobody"], /^krm: .*pods "nobody" not found\n$/],
    [["get", "pods", "-l", "a in b"], /^krm: .*unable to parse requirement.*\n$/],
    [["get", "pods", "--field-selector", "spec.nix=a"], /^krm: .*spec\.nix.*\n$/],
  ])("fails in one line: %j", async (argv, told) => {
    const { code, out, err } = await krm(...argv);
    expect([code, out]).toEqual([EXIT.failure, ""]);
    expect(err).toMatch(told);
  });

  it("says what to start when there is no server", async () => {
    const { code, err } = await krm(
      "get",
      "pods",
      "--server",
      simulated.io.stdout.text.match(/https:\S+/)?.[0].replace("https", "http") ?? "",
    );
    expect(code).toBe(EXIT.failure);
    expect(err).toMatch(/^krm: cannot reach .*krm monitor --serve or krm demo, or name one with --server URL\.\n$/);
  });
});

describe("krm status", () => {
  it("has one line for each scope", async () => {
    const { code, out } = await krm("status");
    expect(code).toBe(EXIT.ok);
    const [heading, ...rows] = out.trimEnd().split("\n");
    expect(heading).toMatch(/^RESOURCE +STATE +OBJECTS +NEWS +VERIFIED +HOW +DRIFT$/);
    expect(rows.map((row) => row.split(/ {2,}/).slice(0, 3))).toMatchObject([
      ["pods", "synced", expect.stringMatching(/^\d+$/)],
      ["deployments.apps", "synced", expect.stringMatching(/^\d+$/)],
      ["nodes", "synced", "3"],
    ]);
  });

  it("is the server's own as JSON", async () => {
    const { out } = await krm("status", "--output", "json");
    expect(JSON.parse(out)).toMatchObject({ state: "synced", scopes: [{ resource: "v1/pods", kind: "Pod" }, {}, {}] });
  });
});

describe("krm monitor", () => {
  it("measures itself, for readers", async () => {
    const answer = await fetch(`${server}/metrics`);
    expect(answer.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await answer.text();
    for (const line of [
      /^krm_streamer_lists_total\{resource="v1\/pods",namespace=""\} 1$/m,
      /^krm_api_requests_total\{resource="v1\/nodes",namespace="",verb="watch"\} [1-9]\d*$/m,
      /^krm_missed_events_total\{resource="v1\/pods",namespace="",type="deleted",cause="upstream"\} 0$/m,
      /^krm_role_standing\{role="merger",scope="apps\/v1\/deployments",standing="holding"\} 1$/m,
      /^process_cpu_seconds_total/m,
    ]) {
      expect(text).toMatch(line);
    }
    expect(await (await fetch(server)).text()).toContain("/metrics\n");
  });

  it("is looked after at --health-listen, where it serves nobody", async () => {
    const argv = [
      "monitor",
      "nodes",
      "--health-listen",
      "127.0.0.1:0",
      "--verify-budget",
      "60",
      "--kubeconfig",
      kubeconfig,
    ];
    const { io, code } = begin(argv);
    const url = (await io.stderr.matching(/"url":"([^"]+)"/))[1] ?? "";
    await io.stderr.matching(/nodes \(3\): synced/);
    expect(await (await fetch(`${url}/readyz?verbose`)).text()).toBe("[+]v1/nodes synced\nreadyz check passed\n");
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'krm_streamer_lists_total{resource="v1/nodes",namespace=""} 1\n',
    );
    expect((await fetch(`${url}/nodes`)).status).toBe(404);
    io.end();
    expect(await code).toBe(EXIT.ok);
  });

  it("lists near names for a resource that there is not", async () => {
    const { code, err } = await krm("monitor", "widgts", "--kubeconfig", kubeconfig, "--log-level", "error");
    expect(code).toBe(EXIT.failure);
    expect(err).toMatch(
      /^\{"level":"error",[^\n]*"code":"KRM_UNKNOWN_RESOURCE"[^\n]*"msg":"the API server has no resource \\"widgts\\": did you mean widgets\.example\.krm\.dev\?[^\n]*\}\n$/,
    );
  });

  it("warns that nobody can read what it keeps, and ends well when asked to", async () => {
    const { io, code } = begin(["monitor", "pods", "--kubeconfig", kubeconfig]);
    await io.stderr.matching(/nobody can read what is monitored/);
    await io.stderr.matching(/pods \(\d+\): synced/);
    io.end();
    expect(await code).toBe(EXIT.ok);
  });

  it("starts all the same when the cluster is away, tells it once of each resource, and answers 503", async () => {
    const away = join(folder, "away.kubeconfig");
    const text = await readFile(kubeconfig, "utf8");
    // Port 9 (discard) is one on which nothing listens here.
    await writeFile(away, text.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:9"));
    const { io, code } = begin(["monitor", "--serve", "--listen", "127.0.0.1:0", "--kubeconfig", away]);
    const url = (await io.stderr.matching(/"url":"([^"]+)"/))[1] ?? "";
    for (const resource of ["pods", "nodes"])
      await io.stderr.matching(
        new RegExp(`"resource":"v1/${resource}".*${resource}: not synced yet, trying on: .*refused`),
      );
    expect(io.stderr.text.match(/"msg":"pods: not synced yet/g)).toHaveLength(1);
    const answer = await fetch(`${url}/pods`);
    expect([answer.status, answer.headers.get("krm-state")]).toEqual([503, "syncing"]);
    expect(answer.headers.get("retry-after")).not.toBeNull();
    const status = fakeIo();
    await run(["status", "--server", url], status);
    expect(status.stdout.text).toMatch(/\npods, [^\n]*nodes: https:\/\/127\.0\.0\.1:9: the connection was refused/);
    io.end();
    expect(await code).toBe(EXIT.ok);
  });

  it("keeps no content of secrets", async () => {
    const { io, code } = begin([
      "monitor",
      "secrets",
      "--serve",
      "--listen",
      "127.0.0.1:0",
      "--kubeconfig",
      kubeconfig,
    ]);
    await createSecret();
    const url = (await io.stderr.matching(/"url":"([^"]+)"/))[1] ?? "";
    await io.stderr.matching(/secrets \(\d+\): synced/);
    const found = await untilListed(url);
    expect(found).toContain('"name":"password"');
    expect(found).not.toContain("c2VjcmV0");
    io.end();
    expect(await code).toBe(EXIT.ok);
  });
});

/** By the Kubernetes API itself. */
async function createSecret(): Promise<void> {
  const { KubeConfig, CoreV1Api } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  await config.makeApiClient(CoreV1Api).createNamespacedSecret({
    namespace: "default",
    body: { metadata: { name: "password" }, type: "Opaque", data: { password: "c2VjcmV0" } },
  });
}

/** The secret may come by the first list or by the watch right after it. */
async function untilListed(url: string): Promise<string> {
  for (;;) {
    const text = await (await fetch(`${url}/secrets`)).text();
    if (text.includes("password")) return text;
  }
}
