import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  findChromium,
  findInfluxDb,
  findPromtool,
  findVictoriaMetrics,
  type Login,
  startInfluxDb,
  startVictoriaMetrics,
  type TimeSeriesServer,
  withInfluxDb,
  withPromtool,
  withVictoriaMetrics,
} from "@krm/testkit/servers";
import { describe, expect, onTestFinished, test, vi } from "vitest";

// Other work on the machine makes all of it slower.
vi.setConfig({ testTimeout: 60_000 });

withInfluxDb(process.env, (influx) => {
  test("a server answers; a crash keeps what was acknowledged, a restart too", async () => {
    await using server = await influx.start();
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    await server.query("CREATE DATABASE krm");
    expect(await write(server, "/write?db=krm", "pods,phase=a\\ b count=3i,up=true 1700000000000000001")).toBe(204);
    await server.kill();
    await expect(server.query("SHOW DATABASES")).rejects.toThrow("ECONNREFUSED");
    await server.restart();
    const series = { name: "pods", columns: ["time", "count", "up"] };
    const tags = { phase: "a b" };
    expect(await server.query("SELECT * FROM pods GROUP BY phase", { db: "krm" })).toEqual([
      { ...series, tags, values: [["2023-11-14T22:13:20.000000001Z", 3, true]] },
    ]);
    await server.restart();
    expect(
      await server.query('SELECT count, up FROM pods; SHOW TAG KEYS FROM "pods"', { db: "krm", epoch: "ms" }),
    ).toEqual([
      { ...series, values: [[1_700_000_000_000, 3, true]] },
      { name: "pods", columns: ["tagKey"], values: [["phase"]] },
    ]);
  });

  test("it keeps nothing of itself, and says what it refuses", async () => {
    await using server = await influx.start({ maxBodyBytes: 100 });
    expect(await server.query("SHOW DATABASES")).toEqual([{ name: "databases", columns: ["name"] }]);
    await expect(server.query("SELECT nonsense")).rejects.toThrow(/^SELECT nonsense: error parsing query/);
    await expect(server.query("SHOW DATABASES; SELECT * FROM a", { db: "none" })).rejects.toThrow(
      "database not found: none",
    );
    await server.query("CREATE DATABASE krm");
    expect(await write(server, "/write?db=krm", `a b=${"1".repeat(100)}`)).toBe(413);
  });

  test("a login is asked for, from the start and after a restart", async () => {
    const auth = { user: 'a"d\\m', password: "p'\\1ü" };
    await using server = await influx.start({ auth });
    expect(await write(server, "/write?db=krm", "a b=1")).toBe(401);
    expect(await server.query("SHOW USERS")).toEqual([{ columns: ["user", "admin"], values: [[auth.user, true]] }]);
    await server.restart();
    await server.query("CREATE DATABASE krm");
    expect(await write(server, "/write?db=krm", "a b=1")).toBe(401);
    expect(await write(server, "/write?db=krm", "a b=1", auth)).toBe(204);
  });

  comesAndGoes("influxdb", influx.start, (server) => server.query("SHOW DATABASES"));

  test("one that does not start says why", async () => {
    await expect(influx.start({ maxBodyBytes: 0.5 })).rejects.toThrow(/ended before it was ready:[^]*max-body-size/);
    await expect(startInfluxDb({ binary: "/nowhere/influxd" })).rejects.toThrow("ENOENT");
  });
});

withVictoriaMetrics(process.env, (victoria) => {
  test("a server answers with what was written a moment ago, also of series that were asked for before", async () => {
    await using server = await victoria.start();
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect(await server.query("pods")).toEqual([]);
    expect(await write(server, "/api/v1/import/prometheus", 'pods{phase="a"} 3\n')).toBe(204);
    expect(await server.query("pods")).toEqual([
      { metric: { __name__: "pods", phase: "a" }, value: [expect.any(Number), "3"] },
    ]);
    expect(await write(server, "/api/v1/import/prometheus", 'pods{phase="b"} 4\n')).toBe(204);
    expect(await server.query("sum(pods)")).toEqual([{ metric: {}, value: [expect.any(Number), "7"] }]);
    await expect(server.query("sum(pods")).rejects.toThrow(/^\/api\/v1\/query: 422 .*unexpected token/);
  });

  test("the past: at a time, over a range, and all of it as it was written", async () => {
    await using server = await victoria.start();
    await write(server, "/api/v1/import/prometheus", "a 1 1700000000250\na -2.5 1700000060000\nb 1e9 1500000000000\n");
    const a = { __name__: "a" };
    expect(await server.query("a", 1_700_000_000)).toEqual([]);
    expect(await server.query("a", 1_700_000_000.25)).toEqual([{ metric: a, value: [1_700_000_000.25, "1"] }]);
    expect(await server.queryRange("a", { start: 1_700_000_000, end: 1_700_000_010, step: 5 })).toEqual([
      {
        metric: a,
        values: [
          [1_700_000_005, "1"],
          [1_700_000_010, "1"],
        ],
      },
    ]);
    const exported = await server.export('{__name__=~"a|b"}');
    expect(exported.toSorted((x, y) => Number(x.timestamps[0]) - Number(y.timestamps[0]))).toEqual([
      { metric: { __name__: "b" }, values: [1e9], timestamps: [1_500_000_000_000] },
      { metric: a, values: [1, -2.5], timestamps: [1_700_000_000_250, 1_700_000_060_000] },
    ]);
  });

  test("a restart keeps what was written; a crash what it was told to persist", async () => {
    await using server = await victoria.start();
    const add = (line: string): Promise<number> => write(server, "/api/v1/import/prometheus", `${line}\n`);
    const names = async (): Promise<Set<string | undefined>> => {
      const series = await server.export('{__name__!=""}');
      return new Set(series.map(({ metric }) => metric["__name__"]));
    };
    await add("a 1");
    await server.restart();
    expect(await names()).toEqual(new Set(["a"]));
    await add("b 1");
    await server.persist();
    await add("c 1");
    expect(await names()).toEqual(new Set(["a", "b", "c"]));
    await server.kill();
    await expect(server.query("a")).rejects.toThrow("ECONNREFUSED");
    await server.restart();
    const left = await names();
    // Whether c is there as well is nobody's promise.
    left.delete("c");
    expect(left).toEqual(new Set(["a", "b"]));
  });

  test("a login is asked for; flags are passed on", async () => {
    const auth = { user: "krm", password: "p 'ü" };
    await using server = await victoria.start({ auth, flags: { maxLabelsPerTimeseries: "1" } });
    expect(await write(server, "/api/v1/import/prometheus", "a 1\n")).toBe(401);
    expect(await write(server, "/api/v1/import/prometheus", 'a{b="1",c="2"} 1 1700000000000\n', auth)).toBe(204);
    expect(await server.export("a")).toEqual([
      { metric: { __name__: "a" }, values: [1], timestamps: [1_700_000_000_000] },
    ]);
  });

  comesAndGoes("victoria-metrics", victoria.start, (server) => server.query("vector(1)"));

  test("one that does not start says why", async () => {
    await expect(victoria.start({ flags: { nonsense: "1" } })).rejects.toThrow(
      /ended before it was ready:[^]*provided but not defined: -nonsense/,
    );
    await expect(startVictoriaMetrics({ binary: "/nowhere/victoria-metrics" })).rejects.toThrow("ENOENT");
  });
});

withPromtool(process.env, (promtool) => {
  test("it judges metrics: well-formed, against the conventions, and neither", async () => {
    const [help, type] = ["# HELP krm_reads_total Reads.\n", "# TYPE krm_reads_total counter\n"];
    expect(await promtool.checkMetrics(`${help}${type}krm_reads_total 1\n`)).toEqual({ code: 0, output: "" });
    const { code, output } = await promtool.checkMetrics(`${type}krm_reads_total 1\n`);
    expect({ code, output }).toEqual({ code: 3, output: expect.stringContaining("no help text") });
    expect((await promtool.checkMetrics("nonsense{")).code).toBe(1);
  });

  test("it judges rules", async () => {
    const rules = join(emptyFolder(), "rules.yaml");
    const text = (expr: string): string => `groups: [{ name: krm, rules: [{ alert: A, expr: "${expr}" }] }]\n`;
    writeFileSync(rules, text("krm_drift > 0"));
    expect(await promtool.checkRules(rules)).toMatchObject({
      code: 0,
      output: expect.stringContaining("1 rules found"),
    });
    writeFileSync(rules, text("krm_drift >"));
    const { code, output } = await promtool.check(["rules", rules]);
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining("could not parse expression") });
  });
});

describe("finding them", () => {
  const program = (name: string, output: string): string => {
    const folder = emptyFolder();
    writeFileSync(join(folder, name), `#!/bin/sh\necho "${output}" >&2\n`, { mode: 0o755 });
    return folder;
  };

  test("those on PATH, by what they say of themselves", () => {
    const second = program("influxd", "InfluxDB v2.7.11 (git: 1) build_date: 2024");
    const first = program("influxd", "InfluxDB v1.6.7~rc0 (git: unknown unknown)");
    expect(findInfluxDb({ PATH: `${second}:${first}` })).toEqual({ path: join(first, "influxd") });
    expect(findInfluxDb({ PATH: second }).reason).toMatch(/influxd is another program or version: install InfluxDB 1 /);
    const victoria = program("victoria-metrics-prod", "victoria-metrics is a time series database and more.");
    expect(findVictoriaMetrics({ PATH: victoria })).toEqual({ path: join(victoria, "victoria-metrics-prod") });
    const promtool = program("promtool", "promtool, version 2.42.0+ds (branch: debian/sid)");
    expect(findPromtool({ PATH: promtool })).toEqual({ path: join(promtool, "promtool") });
    const chromium = program("chromium", "Chromium 150.0.7871.100 built on Debian");
    expect(findChromium({ PATH: chromium })).toEqual({ path: join(chromium, "chromium") });
  });

  test("where there is none, how to get it; the one that is named, and no other", () => {
    expect(findInfluxDb({}).reason).toMatch(/^no influxd: .*apt-get install influxdb.*KRM_TEST_INFLUXD$/);
    expect(findVictoriaMetrics({}).reason).toMatch(/^no victoria-metrics: .*KRM_TEST_VICTORIA_METRICS$/);
    expect(findChromium({}).reason).toMatch(/^no chromium: .*apt-get install chromium.*KRM_TEST_CHROMIUM$/);
    expect(findPromtool({}).reason).toMatch(/^no promtool: .*apt-get install prometheus.*KRM_TEST_PROMTOOL$/);
    const PATH = program("promtool", "promtool, version 2.42.0");
    expect(findPromtool({ PATH, KRM_TEST_PROMTOOL: "/nowhere" }).reason).toBe(
      "KRM_TEST_PROMTOOL=/nowhere does not run: name one that does, or unset it",
    );
  });
});

/** What holds of each kind, whatever it stores; `ask` resolves when the server has answered. */
function comesAndGoes<S extends TimeSeriesServer>(
  kind: string,
  start: () => Promise<S>,
  ask: (server: S) => Promise<unknown>,
): void {
  test(`two of ${kind} at once; what is disposed of leaves nothing, paused or not`, async () => {
    const folder = emptyFolder();
    vi.stubEnv("TMPDIR", folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    const [first, second] = await Promise.all([start(), start()]);
    expect(first.port).not.toBe(second.port);
    expect(readdirSync(folder)).toHaveLength(2);
    await first[Symbol.asyncDispose]();
    await expect(ask(first)).rejects.toThrow("ECONNREFUSED");
    await ask(second);
    second.pause();
    await second[Symbol.asyncDispose]();
    await expect(ask(second)).rejects.toThrow("ECONNREFUSED");
    expect(readdirSync(folder)).toEqual([]);
    expect(existsSync(folder)).toBe(true);
  });

  test(`a paused ${kind} takes connections and does not answer until it is resumed; a restart resumes it`, async () => {
    await using server = await start();
    server.pause();
    let answered = false;
    const later = ask(server).then(() => (answered = true));
    const socket = connect(server.port, "127.0.0.1");
    await once(socket, "connect");
    socket.destroy();
    expect(answered).toBe(false);
    server.resume();
    await later;
    server.pause();
    await server.restart();
    await ask(server);
  });

  test(`a ${kind} whose port someone else has taken says so`, async () => {
    await using server = await start();
    await server.stop();
    await using other = createServer((socket) => socket.destroy());
    await once(other.listen(server.port, "127.0.0.1"), "listening");
    await expect(server.restart()).rejects.toThrow("address already in use");
  });
}

/** The status that a POST is answered with. */
async function write(server: TimeSeriesServer, path: string, body: string, login?: Login): Promise<number> {
  const headers = new Headers({ connection: "close" });
  if (login !== undefined)
    headers.set("authorization", `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`);
  const response = await fetch(server.url + path, { method: "POST", body, headers });
  await response.arrayBuffer();
  return response.status;
}

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "krm-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
