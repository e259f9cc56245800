import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type RedisServer, withRedis } from "@krm/testkit/servers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT, run } from "../src/index.ts";
import { fakeIo } from "./fake-io.ts";
import { krmProcess } from "./krm-process.ts";
import { begin, end, type ServedCluster, servedCluster, urlOf } from "./served-cluster.ts";

async function metric(url: string, line: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const found = text.split("\n").find((each) => each.startsWith(`${line} `));
  return Number(found?.split(" ").at(-1));
}

/** Whether a merger has found a verification consistent, in whichever mode. */
async function verified(url: string): Promise<boolean> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return /^krm_verifications_total\{.*result="consistent".*\} [1-9]/mu.test(text);
}

withRedis(process.env, (starter) => {
  let cluster: ServedCluster;
  let redis: RedisServer;

  beforeAll(async () => {
    cluster = await servedCluster();
    redis = await starter.start();
  }, 60_000);

  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
  }, 30_000);

  /** What each process is told by its environment; `prefix` keeps tests apart. */
  function environment(prefix: string): Record<string, string> {
    return { KRM_STORE: `${redis.url}?prefix=${prefix}`, KRM_LEASE: "2s", KRM_KUBECONFIG: cluster.kubeconfig };
  }

  describe("the roles as processes over Redis", () => {
    it("start in any order, die, and stand by; what is served is what the cluster has", async () => {
      const serve = begin(environment("pod"), "serve", "--listen", "127.0.0.1:0");
      const served = await urlOf(serve);
      expect((await fetch(`${served}/pods`)).status).toBe(503);

      const health = ["--health-listen", "127.0.0.1:0"];
      const verify = begin(environment("pod"), "verify", "pods", "--verify-every", "1s", ...health);
      await verify.io.stderr.matching(/pods: nothing to verify before the first list is merged; waiting for it/);
      const merge = krmProcess(["merge", "pods"], environment("pod"));
      await merge.stderr.matching(/pods: waiting for what the streamer tells/);
      const stream = begin(environment("pod"), "stream", "pods", ...health);
      await cluster.untilServed(served);
      await merge.stderr.matching(/pods: merging/);
      await verify.io.stderr.matching(/pods: verifying now and then/);
      await serve.io.stderr.matching(/pods \(\d+\): synced/);
      cluster.change();
      await cluster.untilServed(served);

      expect(await merge.end("SIGKILL")).toEqual({ code: null, signal: "SIGKILL" });
      cluster.change();
      const other = begin(environment("pod"), "merge", "pods", ...health);
      await other.io.stderr.matching(/pods: merged by another process; this one stands by/);
      expect(await (await fetch(`${await urlOf(other)}/readyz?verbose`)).text()).toContain("[+]v1/pods standing-by\n");
      await other.io.stderr.matching(/pods: merged by this process/);
      await cluster.untilServed(served);

      const second = begin(environment("pod"), "stream", "pods", ...health);
      await second.io.stderr.matching(/pods: streamed by another process; this one stands by/);
      await end(stream);
      cluster.change();
      await second.io.stderr.matching(/pods: streamed by this process/);
      await cluster.untilServed(served);
      // It went on where the first was, without a list.
      expect(await metric(await urlOf(second), 'krm_streamer_lists_total{resource="v1/pods",namespace=""}')).toBe(0);
      while (!(await verified(await urlOf(other)))) await pause(50);
      for (const each of [verify, other, second]) {
        const url = await urlOf(each);
        expect((await fetch(`${url}/livez`)).status).toBe(200);
        expect([await (await fetch(`${url}/readyz`)).text()]).toEqual(["ok"]);
      }
      await end(verify, other, second, serve);
    }, 60_000);

    it("give their roles back at a SIGTERM, at once", async () => {
      const first = krmProcess(["merge", "pods", "--lease", "1h"], environment("term"));
      await first.stderr.matching(/pods: merged by this process/);
      const second = krmProcess(["merge", "pods", "--lease", "1s"], environment("term"));
      await second.stderr.matching(/pods: merged by another process/);
      expect(await first.end("SIGTERM")).toEqual({ code: EXIT.ok, signal: null });
      await second.stderr.matching(/pods: merged by this process/);
      expect(await second.end("SIGINT")).toEqual({ code: EXIT.ok, signal: null });
    }, 60_000);

    it("look after each namespace on its own, and after nodes as a whole", async () => {
      const argv = ["-n", "default", "--namespace", "kube-system"];
      const merge = begin(environment("names"), "merge", "pods", ...argv);
      const stream = begin(environment("names"), "stream", "pods", ...argv);
      for (const namespace of ["default", "kube-system"]) {
        const about = `"resource":"v1/pods","namespace":"${namespace}"`;
        await stream.io.stderr.matching(
          new RegExp(`"role":"streamer",${about}.*"msg":"pods in ${namespace}: watching"`),
        );
        await merge.io.stderr.matching(new RegExp(`"role":"merger",${about}`));
      }
      const nodes = begin(environment("names"), "merge", "no", ...argv);
      await nodes.io.stderr.matching(/"resource":"v1\/nodes","standing"/);
      await end(merge, stream, nodes);
    }, 60_000);

    it("tell a merger what a custom resource is", async () => {
      const merge = begin(environment("custom"), "merge", "widgets", "--health-listen", "127.0.0.1:0");
      await merge.io.stderr.matching(/no role has brought \\"widgets\\" to the store, which holds nothing yet/);
      const ready = `${await urlOf(merge)}/readyz`;
      expect((await fetch(ready)).status).toBe(503);
      const stream = begin(environment("custom"), "stream", "widgets");
      await merge.io.stderr.matching(/widgets\.example\.krm\.dev: merged by this process/);
      expect((await fetch(ready)).status).toBe(200);
      await end(merge, stream);
    }, 60_000);

    it("are told of by a server where nobody is asked for a token, and nothing is to be read", async () => {
      const tokens = join(cluster.folder, "tokens");
      await writeFile(tokens, "a-token-of-a-reader,ada\n");
      const serve = "serve --listen 127.0.0.1:0 --health-listen 127.0.0.1:0 --auth";
      const server = begin(environment("told"), ...serve.split(" "), `static:${tokens}`);
      await server.io.stderr.matching(/"url":"[^"]+"[^]*"url":"[^"]+"/);
      const urls = [...server.io.stderr.text.matchAll(/"url":"([^"]+)"/g)].map(([, url]) => url ?? "");
      const asked = urls.map(async (url) => (await fetch(`${url}/metrics`)).status);
      expect((await Promise.all(asked)).toSorted((a, b) => a - b)).toEqual([200, 401]);
      for (const url of urls) expect([401, 404]).toContain((await fetch(`${url}/pods`)).status);
      await end(server);
    }, 60_000);

    it("wait for a store that is away, say so, and go on when it is back", async () => {
      const merge = begin(environment("away"), "merge", "pods", "--health-listen", "127.0.0.1:0");
      await merge.io.stderr.matching(/pods: merged by this process/);
      const ready = `${await urlOf(merge)}/readyz`;
      await redis.kill();
      await merge.io.stderr.matching(/the store fails, trying on: redis:\/\/127\.0\.0\.1:\d+\/0: [^"]*"/);
      await redis.restart();
      await merge.io.stderr.matching(/the store answers again/);
      await merge.io.stderr.matching(/the role was lost; taking it anew/);
      while ((await fetch(ready)).status !== 200) await pause(50);
      await end(merge);
      expect(merge.io.stderr.text.match(/the store fails/g)).toHaveLength(1);
    }, 60_000);

    it("end in one line where waiting does not help", async () => {
      await using locked = await starter.start({ password: "sesame" });
      for (const [login, told] of [
        ["", "it wants a password"],
        [":wrong0ne@", "the user or the password is wrong"],
      ]) {
        const io = fakeIo({ env: { KRM_STORE: `redis://${login}127.0.0.1:${locked.port}` } });
        expect(await run(["merge", "pods", "--log-level", "error"], io)).toBe(EXIT.failure);
        expect(io.stderr.text).toMatch(
          new RegExp(`^\\{.*"msg":"redis://127\\.0\\.0\\.1:${locked.port}/0: ${told}.*\\}\n$`),
        );
        expect(io.stderr.text).not.toContain("wrong0ne");
      }
    }, 60_000);
  });

  describe("monitors over Redis", () => {
    it("stand by for each other, and serve all the same", async () => {
      const argv = ["monitor", "pods", "nodes", "--serve", "--listen", "127.0.0.1:0"];
      const first = krmProcess(argv, environment("pair"));
      await first.stderr.matching(/"resource":"v1\/nodes".*nodes: monitored by this process/);
      const second = begin(environment("pair"), ...argv);
      await second.io.stderr.matching(/nodes: monitored by another process; this one stands by/);
      const url = await urlOf(second);
      cluster.change();
      await cluster.untilServed(url);
      await first.end("SIGKILL");
      cluster.change();
      await second.io.stderr.matching(/monitored by this process/);
      await cluster.untilServed(url);
      await end(second);
    }, 60_000);
  });
});
