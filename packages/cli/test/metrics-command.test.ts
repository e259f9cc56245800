import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { type InfluxDbServer, type RedisServer, withInfluxDb, withRedis } from "@krm/testkit/servers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { krmProcess } from "./krm-process.ts";
import { begin, end, type Running, type ServedCluster, servedCluster, urlOf } from "./served-cluster.ts";

const FAST = ["--influx-flush", "100ms"];

let cluster: ServedCluster;

beforeAll(async () => {
  cluster = await servedCluster();
}, 60_000);

afterAll(async () => cluster[Symbol.asyncDispose](), 30_000);

/** How many pods were created, as the database has it: points, and the versions that they name. */
async function created(influx: InfluxDbServer): Promise<readonly unknown[]> {
  const [series] = await influx.query(
    "SELECT count(delay), count(distinct(version)) FROM streamed_data WHERE event = 'ADDED' AND resource = 'pods'",
    { db: "krm" },
  );
  return series?.values?.[0]?.slice(1) ?? [0, 0];
}

async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await pause(50);
}

withInfluxDb(process.env, (databases) => {
  let influx: InfluxDbServer;
  beforeAll(async () => {
    influx = await databases.start();
  });
  afterAll(async () => influx[Symbol.asyncDispose]());

  withRedis(process.env, (starter) => {
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await starter.start();
    });
    afterAll(async () => redis[Symbol.asyncDispose]());

    it("krm metrics, killed twice, writes every event once", async () => {
      const env = { KRM_STORE: redis.url, KRM_KUBECONFIG: cluster.kubeconfig };
      const monitor = begin(env, "monitor", "pods");
      await monitor.io.stderr.matching(/"state":"synced"/);
      const args = ["metrics", "--influx-url", influx.url, "--influx-db", "krm", ...FAST];
      let made = 0;
      const some = async (): Promise<void> => {
        for (let i = 0; i < 40; i++) {
          cluster.change();
          made++;
          await pause(5);
        }
      };
      for (const last of [false, false, true]) {
        const metrics = krmProcess(args, env);
        await metrics.stderr.matching(/"msg":"measuring"/);
        await some();
        // In the middle of it.
        if (!last) await until(async () => Number((await created(influx))[0]) > made - 40);
        else await until(async () => Number((await created(influx))[0]) >= made);
        const signal = last ? "SIGTERM" : "SIGKILL";
        expect(await metrics.end(signal)).toEqual(last ? { code: 0, signal: null } : { code: null, signal });
        expect(metrics.stderr.text).not.toMatch(/"level":"(warn|error)"/);
        await some();
        if (last) break;
      }
      // What came after the last one had ended is left for the next.
      const next = krmProcess(args, env);
      await until(async () => Number((await created(influx))[0]) >= made);
      expect(await created(influx)).toEqual([made, made]);
      await next.end("SIGTERM");
      await end(monitor);
    }, 60_000);
  });

  it("krm monitor writes delays, how it is, and what its canary sees", async () => {
    const [db, url] = ["alone", influx.url];
    const flags = ["--influx-url", url, "--influx-db", db, "--canary", "1s", "--influx-tag", "cluster=test", ...FAST];
    const monitor = begin(
      {},
      "monitor",
      "pods",
      "--kubeconfig",
      cluster.kubeconfig,
      "--serve",
      "--listen",
      "127.0.0.1:0",
      ...flags,
    );
    const served = await urlOf(monitor);
    await monitor.io.stderr.matching(/"state":"synced"/);
    cluster.change();
    const count = async (query: string): Promise<number> => {
      const [series] = await influx.query(`SELECT count(*) FROM ${query}`, { db });
      return series?.values?.length ?? 0;
    };
    const where = "cluster = 'test'";
    await until(async () => (await count(`streamed_data WHERE ${where} AND source = 'canary'`)) > 0);
    await until(
      async () => (await count(`streamed_data WHERE ${where} AND event = 'ADDED' AND resource = 'pods'`)) > 0,
    );
    await until(async () => (await count(`krm_scope WHERE ${where}`)) > 0);
    const text = await (await fetch(`${served}/metrics`)).text();
    expect(text).toMatch(/^krm_canary_writes_total\{result="ok"\} [1-9]/m);
    expect(text).toMatch(/^krm_stream_delay_seconds_count\{.*event="ADDED",source="creationTimestamp"\} [1-9]/m);
    expect(text).toMatch(/^krm_stream_delay_seconds_count\{.*source="canary"\} [1-9]/m);
    await end(monitor);
  }, 60_000);

  it("what was measured is written at the end, however long points may wait", async () => {
    const flags = ["--influx-url", influx.url, "--influx-db", "short", "--influx-flush", "10m"];
    const serving = ["--serve", "--listen", "127.0.0.1:0"];
    const monitor = begin({}, "monitor", "pods", "--kubeconfig", cluster.kubeconfig, ...serving, ...flags);
    const url = await urlOf(monitor);
    await monitor.io.stderr.matching(/"state":"synced"/);
    cluster.change();
    const measured = async (): Promise<string> => (await fetch(`${url}/metrics`)).text();
    await until(async () => /^krm_collector_delays_total [1-9]/m.test(await measured()));
    await end(monitor);
    const [series] = await influx.query("SELECT count(delay) FROM streamed_data WHERE event = 'ADDED'", {
      db: "short",
    });
    expect(series?.values?.[0]?.[1]).toBe(1);
  }, 60_000);
});

describe("a database that cannot be written to is told in one line, and the monitor goes on", () => {
  async function monitored(flags: readonly string[], line: RegExp): Promise<void> {
    const args = ["pods", "--kubeconfig", cluster.kubeconfig, "--serve", "--listen", "127.0.0.1:0", ...flags, ...FAST];
    const monitor: Running = begin({}, "monitor", ...args);
    const url = await urlOf(monitor);
    await monitor.io.stderr.matching(line);
    cluster.change();
    await cluster.untilServed(url);
    const told = monitor.io.stderr.text.split("\n").filter((each) => each.includes("InfluxDB"));
    expect(told).toHaveLength(1);
    monitor.io.end();
    expect(await monitor.code).toBe(0);
  }

  it("nobody there", async () => {
    await monitored(["--influx-url", "http://127.0.0.1:9", "--influx-db", "a"], /"level":"warn".*ECONNREFUSED/);
  }, 30_000);

  it("an endpoint that hangs, also at the end", async () => {
    const hanging: Server = createServer(() => {});
    await new Promise<void>((resolve) => void hanging.listen(0, "127.0.0.1", resolve));
    const { port } = hanging.address() as AddressInfo;
    try {
      await monitored(
        ["--influx-url", `http://127.0.0.1:${port}`, "--influx-db", "a"],
        /"level":"warn".*(no answer|time)/i,
      );
    } finally {
      hanging.closeAllConnections();
      hanging.close();
    }
  }, 60_000);

  withInfluxDb(process.env, (databases) => {
    it("a wrong password", async () => {
      await using influx = await databases.start({ auth: { user: "admin", password: "right" } });
      const { writeFile } = await import("node:fs/promises");
      const file = `${cluster.folder}/password`;
      await writeFile(file, "wrong-secret\n");
      const flags = [
        "--influx-url",
        influx.url,
        "--influx-db",
        "a",
        "--influx-user",
        "admin",
        "--influx-password-file",
        file,
      ];
      await monitored(flags, /"level":"warn".*401/);
    }, 30_000);
  });
});
