import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { systemClock } from "@krm/core";
import { type InfluxDbServer, withInfluxDb } from "@krm/testkit/servers";
import { describe, expect, test } from "vitest";
import { type InfluxTarget, type InfluxWriterOptions, line } from "../../src/influx/index.ts";
import { FakeInflux } from "./support/fake-influx.ts";
import { type RunningWriter, runningWriter } from "./support/running-writer.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const CHILD = fileURLToPath(new URL("support/writer-child.ts", import.meta.url));
/** On the machine's own clock, without long pauses. */
const REAL: Partial<InfluxWriterOptions> = {
  clock: systemClock,
  flushEveryMs: 20,
  backoff: { firstMs: 20, maxMs: 100, blockedMs: 100 },
};
const HOUR_NS = 3_600_000_000_000n;

function points(from: number, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const value = from + index;
    return line("delay", { kind: value % 2 === 0 ? "even" : "odd" }, { v: value }, BigInt(value)) ?? "";
  });
}

async function count(server: InfluxDbServer, query = "SELECT count(v) FROM delay", db = "krm"): Promise<number> {
  const [series] = await server.query(query, { db });
  return Number(series?.values?.[0]?.[1] ?? 0);
}

withInfluxDb(process.env, (influx) => {
  const at = (server: InfluxDbServer, more: Partial<InfluxTarget & { api: "v1" }> = {}): InfluxTarget => ({
    api: "v1",
    url: server.url,
    database: "krm",
    ...more,
  });

  describe("a writer to an InfluxDB without users", () => {
    test("creates the database and writes to it", async () => {
      await using server = await influx.start();
      const database = 'a "quoted" name, & more=%41';
      await using run = runningWriter(at(server, { database }));
      run.offer("a", points(0, 7000));
      run.offer("b", points(7000, 1000));
      await run.writer.flush();
      expect(await count(server, "SELECT count(v) FROM delay", database)).toBe(8000);
      expect(run.settled).toEqual(["a", "b"]);
      expect(run.log.told).toEqual([]);
    });

    test("counts what it does not take, and writes the rest", async () => {
      await using server = await influx.start();
      await server.query('CREATE DATABASE krm; CREATE RETENTION POLICY "short" ON krm DURATION 1h REPLICATION 1');
      await using run = runningWriter(at(server));
      run.offer("a", ["x v=1 1", "x v=2 2", 'x v="text" 3', 'x v="text" 4', "y w=1i 5"]);
      await run.writer.flush();
      // The conflict lay within the batch that brought the field in: InfluxDB 1 writes none of it, and all but the
      // conflict when it is sent again.
      expect(await count(server, "SELECT count(v) FROM x")).toBe(2);
      run.offer("b", ['x v="text" 6', "x v=7 7", "no line at all", "y w=2 8"]);
      await run.writer.flush();
      run.offer("c", ["no line at all"]);
      await run.writer.flush();
      expect(run.settled).toEqual(["a", "b", "c"]);
      expect(await count(server, "SELECT count(v) FROM x")).toBe(3);
      const { written, refused } = run.writer.report;
      expect(refused["field-type-conflict"]).toBe(4);
      expect(refused.unparseable).toBe(1);
      // Of b it told of the conflicts, and not of the line that it could not parse.
      expect(written).toBe(5);
      await using late = runningWriter(at(server, { retentionPolicy: "short" }));
      late.offer("old", points(0, 3));
      const now = BigInt(Date.now()) * 1_000_000n;
      late.offer("new", [
        line("delay", {}, { v: 1 }, now) ?? "",
        line("delay", {}, { v: 2 }, now - 2n * HOUR_NS) ?? "",
      ]);
      await late.writer.flush();
      expect(late.writer.report).toMatchObject({ written: 1, refused: { "beyond-retention": 4 } });
      expect(await count(server, 'SELECT count(v) FROM "short"."delay"')).toBe(1);
    });

    test("sends less at a time to one that takes less", async () => {
      await using server = await influx.start({ maxBodyBytes: 20_000 });
      await using run = runningWriter(at(server));
      run.offer("a", points(0, 5000));
      await run.writer.flush();
      expect(await count(server)).toBe(5000);
      expect(run.writer.report).toMatchObject({ written: 5000, refused: { "too-large": 0 } });
    });

    test("waits for a retention policy that is missing, and for a server that is down at the start", async () => {
      await using server = await influx.start();
      await server.stop();
      await using run = runningWriter(at(server, { retentionPolicy: "long" }));
      run.offer("a", points(0, 10));
      await run.writer.flush();
      expect(run.writer.report.failing?.error).toMatchObject({ code: "KRM_CONNECTION" });
      await server.restart();
      await run.writer.flush();
      expect(run.writer.report.failing?.error).toMatchObject({
        code: "KRM_METRICS_REFUSED",
        message: expect.stringContaining('does not have the database "krm", retention policy "long"'),
      });
      await server.query('CREATE RETENTION POLICY "long" ON krm DURATION INF REPLICATION 1');
      await run.writer.flush();
      expect(await count(server, 'SELECT count(v) FROM "long"."delay"')).toBe(10);
    });

    test("creates a database anew that was dropped under it", async () => {
      await using server = await influx.start();
      await using run = runningWriter(at(server));
      run.offer("a", points(0, 10));
      await run.writer.flush();
      await server.query("DROP DATABASE krm");
      run.offer("b", points(10, 10));
      await run.writer.flush();
      expect(run.settled).toEqual(["a", "b"]);
      expect(await count(server)).toBe(10);
    });

    test("sends again after a server has hung", async () => {
      await using server = await influx.start();
      await using run = runningWriter(at(server), { ...REAL, timeoutMs: 300 });
      run.offer("a", points(0, 10));
      await run.writer.flush();
      server.pause();
      run.offer("b", points(10, 10));
      await run.until(({ failing }) => failing !== undefined);
      expect(run.writer.report.failing?.error.message).toContain("ETIMEDOUT");
      server.resume();
      await run.until(({ written }) => written === 20);
      expect(await count(server)).toBe(20);
    });
  });

  describe("a writer to an InfluxDB with users", () => {
    const admin = { user: "root", password: "pass: wörd'\"\\" };

    test("writes as the administrator", async () => {
      await using server = await influx.start({ auth: admin });
      await using run = runningWriter(at(server, admin));
      run.offer("a", points(0, 10));
      await run.writer.flush();
      expect(await count(server)).toBe(10);
      expect(run.log.text).not.toContain("wörd");
    });

    test("writes as a user who may not create the database, where it exists; and waits, where it does not", async () => {
      await using server = await influx.start({ auth: admin });
      await server.query("CREATE DATABASE other; CREATE USER krm WITH PASSWORD 'hush'; GRANT WRITE ON other TO krm");
      const krm = { user: "krm", password: "hush" };
      await using lucky = runningWriter(at(server, { ...krm, database: "other" }));
      lucky.offer("a", points(0, 10));
      await lucky.writer.flush();
      expect(await count(server, "SELECT count(v) FROM delay", "other")).toBe(10);
      expect(lucky.log.told).toEqual([]);

      await using run = runningWriter(at(server, krm));
      run.offer("a", points(0, 10));
      await run.writer.flush();
      await run.writer.flush();
      expect(run.log.lines).toHaveLength(1);
      expect(run.log.lines[0]?.fields).toMatchObject({
        code: "KRM_METRICS_REFUSED",
        error: expect.stringMatching(
          /does not have the database "krm", and KRM could not create it: .*admin privilege.* \(404\)/,
        ),
        hint: 'create it (CREATE DATABASE "krm"), or let the user krm do so',
      });
      await server.query("CREATE DATABASE krm");
      await run.writer.flush();
      expect(run.writer.report.failing?.error).toMatchObject({
        message: expect.stringContaining('does not let the user krm write to the database "krm" (403)'),
        hint: 'GRANT WRITE ON "krm" TO "krm"',
      });
      await server.query("GRANT WRITE ON krm TO krm");
      await run.writer.flush();
      expect(await count(server)).toBe(10);
      expect(run.log.text).not.toContain("hush");
    });

    test.each([
      ["a wrong password", { user: "root", password: "wrong" }],
      ["no user", {}],
    ])("waits with %s", async (_, login) => {
      await using server = await influx.start({ auth: admin });
      await using run = runningWriter(at(server, login));
      run.offer("a", points(0, 10));
      await run.writer.flush();
      expect(run.writer.report).toMatchObject({
        waiting: { lines: 10 },
        failing: { error: { code: "KRM_METRICS_REFUSED", message: expect.stringContaining("(401)") } },
      });
      expect(await run.pause()).toBe(30_000);
    });
  });

  describe("nothing is lost and nothing is doubled", () => {
    test("when InfluxDB is killed twice among a hundred thousand lines", async () => {
      await using server = await influx.start();
      await using run = runningWriter(at(server), { ...REAL, batchLines: 1000 });
      for (let offer = 0; offer < 200; offer++) run.offer(String(offer), points(offer * 500, 500));
      for (const written of [20_000, 60_000]) {
        await run.until((report) => report.written >= written);
        await server.kill();
        await run.until(({ failing }) => failing !== undefined);
        await server.restart();
      }
      await run.until((report) => report.written === 100_000);
      expect(await count(server)).toBe(100_000);
      expect(run.settled).toEqual(Array.from({ length: 200 }, (_, offer) => String(offer)));
      expect(run.writer.report).toMatchObject({ dropped: 0, waiting: { lines: 0 }, failing: undefined });
    });

    test("of what was on disk when the writer's process was killed", async () => {
      await using server = await influx.start();
      await server.stop();
      using folder = temporaryFolder();
      const child = spawn(process.execPath, ["--conditions=krm-source", CHILD, server.url, folder.path], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = once(child, "close");
      let settled = 0;
      for await (const text of createInterface({ input: child.stdout })) {
        settled = Number(text);
        if (settled >= 2000) child.kill("SIGKILL");
      }
      await ended;
      await server.restart();
      await using run = runningWriter(at(server), {
        ...REAL,
        overflow: { type: "spill", folder: folder.path, maxBytes: 100_000_000 },
      });
      await run.writer.flush();
      const written = await count(server, "SELECT count(v) FROM m");
      expect(written).toBeGreaterThanOrEqual(settled);
      // All from the first on: each has its own number as its time.
      const [series] = await server.query("SELECT max(v) FROM m", { db: "krm" });
      expect(series?.values?.[0]?.[1]).toBe(written - 1);
      expect(run.writer.report).toMatchObject({ written, spilled: { segments: 0, error: undefined } });
    });

    test("by a writer that is ended and started again over its folder, with the database away", async () => {
      await using server = await influx.start();
      using folder = temporaryFolder();
      const overflow = { type: "spill", folder: folder.path, maxBytes: 100_000_000 } as const;
      const start = (): RunningWriter =>
        runningWriter(at(server), { ...REAL, batchLines: 500, buffer: { lines: 2000, bytes: 1_000_000 }, overflow });
      for (let life = 0; life < 4; life++) {
        if (life === 1) await server.kill();
        if (life === 3) await server.restart();
        const run = start();
        for (let offer = 0; offer < 10; offer++) {
          run.offer(String(offer), points(life * 5000 + offer * 500, 500));
          await run.until(({ waiting }) => waiting.lines <= 2000);
        }
        await run.writer.flush();
        await run.end();
        expect(run.settled).toHaveLength(10);
        expect(run.writer.report).toMatchObject({ dropped: 0, waiting: { lines: 0 } });
      }
      expect(await count(server)).toBe(20_000);
    });
  });
});

test("a process ends by itself when its writer has ended", async () => {
  await using fake = await FakeInflux.start();
  using folder = temporaryFolder();
  const child = spawn(process.execPath, ["--conditions=krm-source", CHILD, fake.url, folder.path, "once"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  expect(await once(child, "close")).toEqual([0, null]);
  expect(fake.written).toHaveLength(100);
});
