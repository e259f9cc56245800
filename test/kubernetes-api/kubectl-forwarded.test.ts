import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { PODS } from "@krm/core";
import type { Upstream, UpstreamRequest } from "@krm/server";
import { CONFIG_MAPS, type SimObject } from "@krm/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { serveCluster, type ServedCluster } from "./support/served-cluster.ts";

const kubectl = process.env["KRM_TEST_KUBECTL"];
const run = promisify(execFile);

interface Told {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** Logs, which the simulated API server does not have: each line when the test says so. */
class Logs {
  request: UpstreamRequest | undefined;
  readonly more = Promise.withResolvers<void>();

  of(apiServer: Upstream): Upstream {
    return {
      read: async (request) => {
        if (!/\/log(?:\?|$)/u.test(request.target)) return apiServer.read(request);
        this.request = request;
        return { status: 200, headers: { "content-type": "text/plain" }, body: this.#lines(request.signal) };
      },
    };
  }

  async *#lines(signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from("one\n");
    await this.more.promise;
    yield Buffer.from("two\n");
    if (!signal.aborted) await once(signal, "abort");
  }
}

describe.skipIf(kubectl === undefined)(
  "kubectl on a KRM that sends on what it does not hold",
  { timeout: 60_000 },
  () => {
    const logs = new Logs();
    let served: ServedCluster;
    let pod: SimObject;
    /** Without what kubectl remembers of discovery. */
    let home: string;

    beforeAll(async () => {
      served = await serveCluster({ pods: 30, nodes: 3, forward: (apiServer) => logs.of(apiServer) });
      pod = served.cluster
        .list(PODS)
        .items.find(({ status }) => (status as { phase?: string }).phase === "Running") as SimObject;
    });
    afterAll(async () => served[Symbol.asyncDispose]());
    beforeEach(async () => {
      home = await mkdtemp(join(served.files.home, "home-"));
      return async () => rm(home, { recursive: true });
    });

    const env = (config: string): NodeJS.ProcessEnv => ({ ...process.env, KUBECONFIG: config, HOME: home });

    async function k(config: "apiServer" | "krm", ...args: readonly string[]): Promise<Told> {
      try {
        return { ...(await run(kubectl ?? "", args, { env: env(served.files[config]) })), code: 0 };
      } catch (error) {
        const { code, stderr, stdout } = error as Told;
        if (typeof code !== "number") throw error;
        return { code, stderr, stdout };
      }
    }

    /** What KRM's answer makes kubectl say; fails where the API server's makes it say anything else. */
    async function same(...args: readonly string[]): Promise<Told> {
      const [ours, theirs] = [await k("krm", ...args), await k("apiServer", ...args)];
      expect(ours).toEqual(theirs);
      return ours;
    }

    /** Requests that came to the API server, by verb and resource. */
    const asked = (verb: string, resource: string): number => served.apiServer.requests.count({ verb, resource });

    it.for([
      ["get", "configmaps", "-A"],
      ["get", "configmaps", "-A", "-o", "yaml"],
      ["get", "cm", "-A", "--chunk-size=1", "-o", "name"],
      ["get", "namespaces"],
      ["get", "namespace", "missing"],
      ["get", "pods,configmaps", "-A"],
      ["get", "nothings"],
      ["api-resources", "-o", "wide"],
      ["api-versions"],
      ["version", "-o", "json"],
      ["explain", "pods"],
      ["get", "--raw", "/openapi/v3"],
      ["get", "--raw", "/apis"],
    ])("%j says what it says on the API server", async (args) => {
      const told = await same(...args);
      expect(`${told.stdout}${told.stderr}`).not.toBe("");
    });

    it("has pods of KRM, and of the API server what KRM does not hold", async () => {
      const [pods, maps] = [asked("list", "pods"), asked("list", "configmaps")];
      expect((await k("krm", "get", "pods", "-A", "-o", "name")).stdout.trim().split("\n")).toHaveLength(30);
      expect((await k("krm", "get", "configmaps", "-A")).code).toBe(0);
      expect([asked("list", "pods"), asked("list", "configmaps")]).toEqual([pods, maps + 1]);
    });

    it("watches what KRM does not hold", async () => {
      const args = ["get", "configmaps", "-n", "default", "-w", "--no-headers", "-o", "name"];
      const watch = spawn(kubectl ?? "", args, { env: env(served.files.krm) });
      try {
        const lines = createInterface({ input: watch.stdout })[Symbol.asyncIterator]();
        const first = lines.next();
        served.cluster.create(CONFIG_MAPS, { metadata: { name: "new", namespace: "default" } });
        expect((await first).value).toBe("configmap/new");
      } finally {
        watch.kill();
      }
    });

    it("follows logs, and lets go of them when it ends", async () => {
      const { name, namespace = "" } = pod.metadata;
      const args = ["logs", "-f", name, "-n", namespace, "--all-containers=false"];
      const follow = spawn(kubectl ?? "", args, { env: env(served.files.krm) });
      const lines = createInterface({ input: follow.stdout })[Symbol.asyncIterator]();
      expect((await lines.next()).value).toBe("one");
      logs.more.resolve();
      expect((await lines.next()).value).toBe("two");
      const { signal, token } = logs.request as UpstreamRequest;
      expect([token, signal.aborted]).toEqual(["admin-token", false]);
      const aborted = once(signal, "abort");
      follow.kill();
      await aborted;
    });

    it("gets in with its own rights only, and never with those of KRM", async () => {
      const as = async (token: string | undefined): Promise<Told> => {
        const file = join(home, "config");
        const text = await readFile(served.files.krm, "utf8");
        await writeFile(file, text.replace(/token: .*/u, token === undefined ? "{}" : `token: ${token}`), {
          mode: 0o600,
        });
        return run(kubectl ?? "", ["get", "configmaps", "-A"], { env: env(file) }).then(
          (told) => ({ ...told, code: 0 }),
          (error: unknown) => error as Told,
        );
      };
      expect((await as("admin-token")).code).toBe(0);
      expect((await as("viewer-token")).stderr).toContain('User "viewer" cannot list resource "configmaps"');
      expect((await as("wrong-token")).stderr).toContain("You must be logged in to the server");
      const anonymous = await fetchRaw("/api/v1/configmaps", {});
      expect(anonymous).toMatchObject({
        code: 403,
        message: expect.stringContaining('User "system:anonymous"') as string,
      });
    });

    it("may be somebody else where the API server lets it, and not in KRM's own answers", async () => {
      const theirs = await same("get", "configmaps", "-A", "--as", "viewer");
      expect(theirs.stderr).toContain('User "viewer" cannot list resource "configmaps"');
      expect((await k("krm", "get", "pods", "-A", "--as", "viewer")).stderr).toContain(
        "nobody can be impersonated here",
      );
    });

    it("does not get into pods, and writes nothing", async () => {
      const before = served.apiServer.requests.entries();
      const { name, namespace = "" } = pod.metadata;
      const n = ["-n", namespace];
      for (const args of [
        ["exec", name, ...n, "--", "ls"],
        ["port-forward", name, ...n, ":80"],
        ["delete", "pod", name, ...n],
        ["label", "pod", name, ...n, "a=b"],
        ["create", "configmap", "mine", ...n],
        ["create", "token", "default"],
        ["auth", "can-i", "get", "pods"],
        ["get", "--raw", `/api/v1/namespaces/${namespace}/pods/${name}/proxy/`],
        ["get", "--raw", `/api/v1/namespaces/${namespace}/pods/${name}/exec?command=ls&stdout=1`],
        ["get", "--raw", "/metrics"],
      ])
        expect((await k("krm", ...args)).code, args.join(" ")).toBe(1);
      const after = served.apiServer.requests.entries();
      const grown = after.filter(
        ({ count, resource, verb }) =>
          count !== before.find((one) => one.resource === resource && one.verb === verb)?.count,
      );
      const writes = new Set(["create", "update", "patch", "delete", "deletecollection", "post"]);
      expect(
        grown.filter(({ resource, verb }) => writes.has(verb) || /\/(?:exec|portforward|proxy)/u.test(resource)),
      ).toEqual([]);
    });

    it("goes on with what is held while the API server is down", async () => {
      await served.apiServer.stop();
      try {
        const pods = await k("krm", "get", "pods", "-A", "-o", "name");
        expect([pods.code, pods.stdout.trim().split("\n")]).toEqual([0, expect.objectContaining({ length: 30 })]);
        expect(pods.stderr).toContain(
          "Warning: the API server does not answer: this tells only of what KRM itself holds",
        );
        expect((await k("krm", "get", "pod", pod.metadata.name, "-n", pod.metadata.namespace ?? "")).code).toBe(0);
        expect((await k("krm", "get", "--raw", "/api/v1/configmaps")).stderr).toContain(
          "the API server, which is asked instead, does not answer",
        );
      } finally {
        await served.apiServer.start();
      }
      // Also with what it remembers of discovery meanwhile.
      await same("get", "configmaps", "-A");
    });

    async function fetchRaw(path: string, headers: Record<string, string>): Promise<unknown> {
      const { Agent, get } = await import("node:https");
      const agent = new Agent({ ca: served.krm.ca });
      const [response] = (await once(get(`${served.krm.url}${path}`, { agent, headers }), "response")) as [
        AsyncIterable<Buffer>,
      ];
      let body = "";
      for await (const chunk of response) body += chunk.toString();
      agent.destroy();
      return JSON.parse(body);
    }
  },
);
