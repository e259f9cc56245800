import { freePort, withInfluxDb, withVictoriaMetrics } from "@krm/testkit/servers";
import { describe, expect, test } from "vitest";
import { type InfluxTarget, probeInflux } from "../../src/influx/index.ts";
import { FakeInflux } from "./support/fake-influx.ts";

const V1 = (url: string, more: object = {}): InfluxTarget => ({ api: "v1", url, database: "krm", ...more });

withInfluxDb(process.env, (influx) => {
  describe("a probe of InfluxDB 1", () => {
    test("says whether the database is there, and creates none", async () => {
      await using server = await influx.start();
      expect(await probeInflux(V1(server.url))).toEqual({
        type: "no-database",
        server: server.url,
        place: 'the database "krm"',
      });
      expect(JSON.stringify(await server.query("SHOW DATABASES"))).not.toContain("krm");
      await server.query("CREATE DATABASE krm");
      expect(await probeInflux(V1(server.url))).toMatchObject({ type: "writable" });
      expect(await server.query("SHOW MEASUREMENTS", { db: "krm" })).toEqual([{}].slice(1));
    });

    test("says who may not write", async () => {
      await using server = await influx.start({ auth: { user: "admin", password: "right" } });
      await server.query("CREATE DATABASE krm; CREATE USER reader WITH PASSWORD 'pass-1'; GRANT READ ON krm TO reader");
      expect(await probeInflux(V1(server.url, { user: "admin", password: "right" }))).toMatchObject({
        type: "writable",
      });
      const wrong = await probeInflux(V1(server.url, { user: "admin", password: "wrong-1" }));
      expect(wrong).toMatchObject({ type: "failed", error: { message: expect.stringMatching(/does not accept/) } });
      expect(JSON.stringify(wrong)).not.toContain("wrong-1");
      const reader = await probeInflux(V1(server.url, { user: "reader", password: "pass-1" }));
      expect(reader).toMatchObject({
        type: "failed",
        error: { message: expect.stringMatching(/does not let the user reader write/) },
      });
    });
  });
});

withVictoriaMetrics(process.env, (victoria) => {
  test("a probe of VictoriaMetrics", async () => {
    await using server = await victoria.start();
    expect(await probeInflux({ api: "v2", url: server.url, org: "o", bucket: "b" })).toMatchObject({
      type: "writable",
      place: 'the bucket "b"',
    });
  });
});

describe("a probe of a server that", () => {
  test("is away", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    expect(await probeInflux(V1(url))).toMatchObject({ type: "failed", error: { code: "KRM_CONNECTION" } });
  });

  test("hangs ends in time, and with its signal", async () => {
    await using fake = await FakeInflux.start();
    fake.onWrite = () => "hang";
    expect(await probeInflux(V1(fake.url), { timeoutMs: 20 })).toMatchObject({ type: "failed" });
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(probeInflux(V1(fake.url), { signal })).rejects.toThrow("enough");
  });

  test("wants a line at least takes lines", async () => {
    await using fake = await FakeInflux.start();
    fake.onWrite = () => ({ status: 400, body: '{"error":"unable to parse: no lines"}' });
    expect(await probeInflux(V1(fake.url))).toMatchObject({ type: "writable" });
  });
});
