import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PODS } from "@krm/core";
import type { AuditEvent } from "@krm/server";
import {
  type AccessRule,
  createClientAuthority,
  createTlsMaterial,
  DEFAULT_USERS,
  NAMESPACES,
  SimApiServer,
  SimCluster,
  type SimUser,
} from "@krm/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeKubeconfig } from "../src/files/write-kubeconfig.ts";
import { run } from "../src/index.ts";
import { fakeIo } from "./fake-io.ts";
import { begin, end, type Running, urlOf } from "./served-cluster.ts";

const READ: AccessRule = { verbs: ["get", "list", "watch"], apiGroups: [""], resources: ["pods"] };
/** The ClusterRole `system:auth-delegator`. */
const DELEGATE: AccessRule = {
  verbs: ["create"],
  apiGroups: ["authentication.k8s.io", "authorization.k8s.io"],
  resources: ["tokenreviews", "subjectaccessreviews"],
};
const USERS: readonly SimUser[] = [
  ...DEFAULT_USERS,
  { name: "krm", token: "krm-token", rules: [READ, DELEGATE] },
  { name: "reader", token: "reader-token", rules: [READ] },
  { name: "ada", token: "ada-token", rules: [{ ...READ, namespaces: ["team-a"] }] },
];

const cluster = new SimCluster();
const server = new SimApiServer({ cluster, users: USERS });
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "krm-token-review-"));
  await server.listen();
  cluster.create(NAMESPACES, { metadata: { name: "team-a" } });
  cluster.create(PODS, { metadata: { namespace: "team-a", name: "web" }, spec: {} });
  cluster.create(NAMESPACES, { metadata: { name: "team-b" } });
  cluster.create(PODS, { metadata: { namespace: "team-b", name: "hidden" }, spec: {} });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function kubeconfigOf(user: string): Promise<string> {
  const file = join(folder, `${user}.kubeconfig`);
  await writeKubeconfig(server.kubeconfig({ user }), file);
  return file;
}

async function ask(running: Running, path: string, token?: string): Promise<readonly [number, string]> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${await urlOf(running)}${path}`, { headers });
  return [response.status, await response.text()];
}

const FORBIDDEN =
  'pods is forbidden: User \\"ada\\" cannot list resource \\"pods\\" in API group \\"\\" at the cluster scope';

describe("krm monitor --serve --auth tokenreview", () => {
  it("lets the monitored cluster decide who reads what", async () => {
    const serve = "monitor pods --serve --listen 127.0.0.1:0 --auth tokenreview --kubeconfig";
    const monitor = begin({}, ...serve.split(" "), await kubeconfigOf("krm"));
    await monitor.io.stderr.matching(/pods \(2\): synced/);
    expect(await ask(monitor, "/pods?namespace=team-a", "ada-token")).toEqual([200, expect.stringContaining('"web"')]);
    expect(await ask(monitor, "/pods", "ada-token")).toEqual([403, expect.stringContaining(FORBIDDEN)]);
    expect(await ask(monitor, "/api/v1/pods", "ada-token")).toEqual([403, expect.stringContaining(FORBIDDEN)]);
    expect((await ask(monitor, "/api/v1/pods", "admin-token"))[0]).toBe(200);
    expect((await ask(monitor, "/metrics", "ada-token"))[0]).toBe(403);
    expect((await ask(monitor, "/pods", "wrong-token"))[0]).toBe(401);
    expect((await ask(monitor, "/pods"))[0]).toBe(401);
    expect((await ask(monitor, "/readyz"))[0]).toBe(200);
    expect(monitor.io.stderr.text).not.toContain("-token");
    await end(monitor);
  });

  it("gives krm get --accessible what its reader may list, and the rest of them a refusal", async () => {
    const serve = "monitor pods --serve --listen 127.0.0.1:0 --auth tokenreview --kubeconfig";
    const monitor = begin({}, ...serve.split(" "), await kubeconfigOf("krm"));
    await monitor.io.stderr.matching(/pods \(2\): synced/);
    const tokenFile = join(folder, "ada.token");
    await writeFile(tokenFile, "ada-token\n");
    const get = async (...more: readonly string[]): Promise<readonly [number, string, string]> => {
      const io = fakeIo();
      const flags = ["--server", await urlOf(monitor), "--token-file", tokenFile, "--output", "name"];
      return [await run(["get", "pods", ...flags, ...more], io), io.stdout.text, io.stderr.text];
    };
    expect(await get()).toEqual([1, "", expect.stringContaining("at the cluster scope")]);
    expect(await get("--accessible")).toEqual([
      0,
      "pod/web\n",
      "krm: pods: only those in the 1 namespace in which you may list them (scope=accessible)\n",
    ]);
    await end(monitor);
  });

  it("writes down who read what, and no token, with --audit-log", async () => {
    const file = join(folder, "audit.log");
    const serve = `monitor pods --serve --listen 127.0.0.1:0 --auth tokenreview --audit-log ${file} --kubeconfig`;
    const monitor = begin({}, ...serve.split(" "), await kubeconfigOf("krm"));
    await monitor.io.stderr.matching(/pods \(2\): synced/);
    await ask(monitor, "/pods?namespace=team-a", "ada-token");
    await ask(monitor, "/api/v1/pods", "ada-token");
    await ask(monitor, "/pods", "wrong-token");
    const [, metrics] = await ask(monitor, "/metrics", "admin-token");
    expect(metrics).toMatch(/^krm_audit_events_total\{outcome="written"\} \d$/m);
    expect(metrics).toMatch(/^krm_audit_events_total\{outcome="lost"\} 0$/m);
    await end(monitor);
    const text = await readFile(file, "utf8");
    const events = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as AuditEvent);
    expect(events.map(({ responseStatus, user, verb }) => [user.username, verb, responseStatus.code])).toEqual([
      ["ada", "list", 200],
      ["ada", "list", 403],
      [undefined, "list", 401],
      ["admin", "get", 200],
    ]);
    expect(text).not.toContain("-token");
  });

  it("for tokens of its audiences alone", async () => {
    const serve = "monitor pods --serve --listen 127.0.0.1:0 --auth tokenreview:krm --kubeconfig";
    const monitor = begin({}, ...serve.split(" "), await kubeconfigOf("krm"));
    expect((await ask(monitor, "/api/v1/pods", "admin-token"))[0]).toBe(401);
    await end(monitor);
  });

  it("lets it decide about who brings a client certificate, too", async () => {
    const [tls, authority] = [await createTlsMaterial(), await createClientAuthority()];
    const files = { "tls-cert": tls.cert, "tls-key": tls.key, "tls-client-ca": authority.ca };
    const flags = Object.entries(files).map(async ([flag, text]) => {
      await writeFile(join(folder, flag), text);
      return [`--${flag}`, join(folder, flag)];
    });
    const serve = "monitor pods --serve --listen 127.0.0.1:0 --auth tokenreview --kubeconfig";
    const monitor = begin({}, ...serve.split(" "), await kubeconfigOf("krm"), ...(await Promise.all(flags)).flat());
    await monitor.io.stderr.matching(/pods \(\d+\): synced/);
    const url = await urlOf(monitor);
    const get = async (path: string, user: string): Promise<number | undefined> => {
      const sent = request(`${url}${path}`, { ca: tls.ca, ...(await authority.issue({ user })), agent: false }).end();
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    expect(await get("/api/v1/namespaces/team-a/pods", "ada")).toBe(200);
    expect(await get("/api/v1/pods", "ada")).toBe(403);
    expect(await get("/api/v1/pods", "reader")).toBe(200);
    expect(await get("/api/v1/pods", "nobody")).toBe(403);
    await end(monitor);
  });

  it("says which rights are missing, and lets nobody in without them", async () => {
    const serve = "monitor pods --serve --listen 127.0.0.1:0 --auth tokenreview --kubeconfig";
    const monitor = begin({}, ...serve.split(" "), await kubeconfigOf("reader"));
    expect((await ask(monitor, "/api/v1/pods", "admin-token"))[0]).toBe(503);
    await monitor.io.stderr.matching(/readers cannot be authenticated and get 503[^\n]*cannot create resource/);
    await monitor.io.stderr.matching(/system:auth-delegator/);
    await end(monitor);
  });
});

describe("krm serve --auth tokenreview", () => {
  it("asks the cluster of its kubeconfig, also while the store is away", async () => {
    // Port 9 (discard) is one on which nothing listens here.
    const line = "serve --store redis://127.0.0.1:9 --listen 127.0.0.1:0 --auth tokenreview --kubeconfig";
    const serve = begin({}, ...line.split(" "), await kubeconfigOf("krm"));
    expect(await ask(serve, "/api/v1/pods", "ada-token")).toEqual([403, expect.stringContaining(FORBIDDEN)]);
    expect((await ask(serve, "/api/v1/pods", "admin-token"))[0]).toBe(503);
    expect((await ask(serve, "/pods", "wrong-token"))[0]).toBe(401);
    await end(serve);
  });
});

describe("--forward-uncached", () => {
  const MAPS = "/api/v1/namespaces/team-a/configmaps";

  it("lets krm monitor answer from its copy, and the API server the rest, each by the reader's own rights", async () => {
    const serve = "monitor pods --serve --listen 127.0.0.1:0 --auth tokenreview --forward-uncached --kubeconfig";
    const monitor = begin({}, ...serve.split(" "), await kubeconfigOf("krm"));
    await monitor.io.stderr.matching(/pods \(2\): synced/);
    const before = server.requests.count({ verb: "list", resource: "pods" });
    expect((await ask(monitor, "/api/v1/namespaces/team-a/pods", "ada-token"))[0]).toBe(200);
    expect(server.requests.count({ verb: "list", resource: "pods" })).toBe(before);
    expect(await ask(monitor, MAPS, "admin-token")).toEqual([200, expect.stringContaining("ConfigMapList")]);
    expect(await ask(monitor, MAPS, "ada-token")).toEqual([403, expect.stringContaining('User \\"ada\\" cannot list')]);
    const asked = server.requests.count({ verb: "list", resource: "configmaps" });
    expect((await ask(monitor, MAPS, "wrong-token"))[0]).toBe(401);
    expect((await ask(monitor, MAPS))[0]).toBe(401);
    expect(server.requests.count({ verb: "list", resource: "configmaps" })).toBe(asked);
    expect(await ask(monitor, "/api/v1", "ada-token")).toEqual([200, expect.stringContaining('"configmaps"')]);
    expect(await ask(monitor, "/metrics", "admin-token")).toEqual([
      200,
      expect.stringContaining('krm_http_forwarded_requests_total{code="403"} 1'),
    ]);
    expect(monitor.io.stderr.text).not.toContain("-token");
    await end(monitor);
  });

  it("lets krm serve do so too, on this machine without asking who reads, by a variable", async () => {
    const line = "serve --store redis://127.0.0.1:9 --listen 127.0.0.1:0 --kubeconfig";
    const serve = begin({ KRM_FORWARD_UNCACHED: "true" }, ...line.split(" "), await kubeconfigOf("krm"));
    // Who asks as nobody is nobody there: KRM's user could get this.
    expect(await ask(serve, "/api")).toEqual([403, expect.stringContaining("system:anonymous")]);
    expect(await ask(serve, "/api", "ada-token")).toEqual([200, expect.stringContaining('"v1"')]);
    expect((await ask(serve, "/api/v1/pods", "admin-token"))[0]).toBe(503);
    await end(serve);
  });

  it("does not start where the readers' tokens could be read on their way", async () => {
    const text = server.kubeconfig({ user: "krm" });
    const file = join(folder, "unverified.kubeconfig");
    await writeKubeconfig(text.replace(/certificate-authority-data: .*/u, "insecure-skip-tls-verify: true"), file);
    const serve = "serve --store redis://127.0.0.1:9 --listen 127.0.0.1:0 --forward-uncached --kubeconfig";
    const { code, io } = begin({}, ...serve.split(" "), file);
    expect(await code).toBe(1);
    expect(io.stderr.text).toContain(
      "insecure-skip-tls-verify lets anybody answer for it, and they bear the readers' tokens",
    );
  });
});
