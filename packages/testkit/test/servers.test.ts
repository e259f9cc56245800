import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createTlsMaterial } from "@krm/testkit";
import {
  findPostgres,
  findPythonClient,
  findRedisServer,
  freePort,
  startPostgres,
  startRedis,
  withPostgres,
  withRedis,
} from "@krm/testkit/servers";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";

// Other work on the machine makes all of it slower.
vi.setConfig({ testTimeout: 60_000 });

withRedis(process.env, (redis) => {
  test("a server answers; a restart keeps what appendonly wrote, a crash too, unless told otherwise", async () => {
    await using server = await redis.start({ appendonly: true });
    expect(server.url).toBe(`redis://127.0.0.1:${server.port}`);
    expect(await server.command("PING")).toBe("PONG");
    await server.command("SET", "a", "ü\r\n");
    await server.kill();
    await expect(server.command("PING")).rejects.toThrow("ECONNREFUSED");
    await server.restart();
    expect(await server.command("GET", "a")).toBe("ü\r\n");
    await server.restart({ keepData: false });
    expect(await server.command("GET", "a")).toBeNull();
  });

  test("a server without appendonly keeps nothing, and its folder is gone with it", async () => {
    const server = await redis.start({ config: { maxmemory: "50mb" } });
    const [, folder] = (await server.command("CONFIG", "GET", "dir")) as [string, string];
    expect(await server.command("CONFIG", "GET", "maxmemory")).toEqual(["maxmemory", "52428800"]);
    await server.command("SET", "a", 1);
    await server.stop();
    await server.restart();
    expect(await server.command("DBSIZE")).toBe(0);
    expect(existsSync(folder)).toBe(true);
    await server[Symbol.asyncDispose]();
    expect(existsSync(folder)).toBe(false);
  });

  test("a password and users of one's own; commands run as yet another", async () => {
    await using server = await redis.start({ password: 'p "1"', aclUsers: ["alice on >secret ~a:* +@all"] });
    expect(server.url).toBe(`redis://:p%20%221%22@127.0.0.1:${server.port}`);
    expect(await inline(server.port, "PING")).toMatch(/^-NOAUTH/);
    expect(await inline(server.port, 'AUTH "p \\"1\\""')).toBe("+OK");
    expect(await inline(server.port, "AUTH alice secret")).toBe("+OK");
    await expect(server.command("NONSENSE")).rejects.toThrow(/^NONSENSE: ERR unknown command/);
  });

  test("TLS, and a replica over it", async () => {
    const tls = await createTlsMaterial();
    await using master = await redis.start({ tls, password: "p" });
    expect(master.url).toBe(`rediss://:p@127.0.0.1:${master.port}`);
    expect(existsSync(master.caFile ?? "")).toBe(true);
    await using replica = await redis.start({ tls, password: "p", replicaOf: master });
    await expect
      .poll(() => replica.command("INFO", "replication"), { timeout: 10_000 })
      .toContain("master_link_status:up");
    await master.command("SET", "a", "1");
    expect(await master.command("WAIT", 1, 5000)).toBe(1);
    expect(await replica.command("GET", "a")).toBe("1");
  });

  test("one that is paused takes connections and does not reply until it is resumed", async () => {
    await using server = await redis.start();
    server.pause();
    const reply = server.command("PING");
    const socket = connect(server.port, "127.0.0.1");
    await once(socket, "connect");
    socket.destroy();
    server.resume();
    expect(await reply).toBe("PONG");
  });

  test("one that does not start says why", async () => {
    await expect(redis.start({ config: { maxmemory: "nonsense" } })).rejects.toThrow(
      /ended before it was ready:[^]*argument must be a memory value/,
    );
    await expect(startRedis({ binary: "/nowhere/redis-server" })).rejects.toThrow("ENOENT");
  });

  test("a cluster of three masters serves all slots; one that was away comes back into it", async () => {
    await using cluster = await redis.startCluster();
    const [first, second, third] = cluster.nodes;
    expect(cluster.url).toBe(
      `redis+cluster://127.0.0.1:${first?.port},127.0.0.1:${second?.port},127.0.0.1:${third?.port}`,
    );
    expect(await first?.command("SET", "b", 1)).toBe("OK");
    await expect(first?.command("SET", "a", 1)).rejects.toThrow(`MOVED 15495 127.0.0.1:${third?.port}`);
    await second?.kill();
    await second?.restart({ keepData: false });
    await cluster.healthy();
  });

  test("sentinels make the replica the master when that is killed, and the old one becomes its replica", async () => {
    await using sentinel = await redis.startSentinel({ appendonly: true, password: "p" });
    expect(sentinel.url).toMatch(
      /^redis\+sentinel:\/\/:p@127\.0\.0\.1:\d+,127\.0\.0\.1:\d+,127\.0\.0\.1:\d+\/mymaster$/,
    );
    const master = await sentinel.master();
    await master.command("SET", "a", "1");
    await master.command("WAIT", 1, 5000);
    // The one that would be the first to act.
    await sentinel.sentinels[0]?.kill();
    const { before, now } = await sentinel.failover();
    expect(before).toBe(master);
    expect(await sentinel.master()).toBe(now);
    expect(await now.command("GET", "a")).toBe("1");
    await now.command("SET", "a", "2");
    await before.restart({ replicaOf: now });
    await expect.poll(() => before.command("GET", "a"), { timeout: 10_000 }).toBe("2");
  });

  test("nothing outlives the process that has started it", async () => {
    const program = `
      import { startRedis } from "@krm/testkit/servers";
      const server = await startRedis({ binary: process.argv[1] });
      console.log(server.port + " " + (await server.command("CONFIG", "GET", "dir"))[1]);`;
    const { path = "" } = findRedisServer(process.env);
    const args = ["--conditions=krm-source", "--input-type=module", "-e", program, path];
    const child = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const [port, folder = ""] = line.split(" ");
    expect(await inline(Number(port), "PING")).toBe("+PONG");
    child.kill("SIGKILL");
    await expect.poll(() => existsSync(folder), { timeout: 10_000 }).toBe(false);
    await expect(inline(Number(port), "PING")).rejects.toThrow("ECONNREFUSED");
  });
});

withPostgres(process.env, (postgres) => {
  test("a server answers, and what was committed is there after a crash", async () => {
    await using server = await postgres.start({ config: { max_connections: "20" } });
    expect(server.url).toBe(`postgres://postgres@127.0.0.1:${server.port}/postgres`);
    await server.query("create table t (id int, name text); insert into t values (1, 'a'), (2, 'b')");
    await server.kill();
    await expect(server.query("select 1")).rejects.toThrow(/No such file or directory|Connection refused/);
    await server.restart();
    expect(await server.query("select * from t order by id")).toBe("1|a\n2|b");
    expect(await server.query("show max_connections")).toBe("20");
    await expect(server.query("select nonsense")).rejects.toThrow('column "nonsense" does not exist');
  });

  test("a password is asked for over TCP", async () => {
    await using server = await postgres.start({ password: "p/1" });
    expect(server.url).toBe(`postgres://postgres:p%2F1@127.0.0.1:${server.port}/postgres`);
    expect(await server.query("select distinct auth_method from pg_hba_file_rules where type = 'host'")).toBe(
      "scram-sha-256",
    );
    await server.stop();
    await server.restart();
    expect(await server.query("select 1")).toBe("1");
  });
});

describe("finding them", () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });
  const programs = (outputs: Record<string, string>): string => {
    const folder = mkdtempSync(join(tmpdir(), "krm-find-"));
    folders.push(folder);
    for (const [name, output] of Object.entries(outputs)) {
      writeFileSync(join(folder, name), `#!/bin/sh\necho "${output}"\n`, { mode: 0o755 });
    }
    return folder;
  };

  test("a Redis that is new enough, of those on PATH", () => {
    const old = programs({ "redis-server": "Redis server v=6.0.16 sha=0" });
    const valkey = programs({ "valkey-server": "Valkey server v=8.1.1 sha=0" });
    expect(findRedisServer({ PATH: `${old}:${valkey}` })).toEqual({ path: join(valkey, "valkey-server") });
    expect(findRedisServer({ PATH: old }).reason).toMatch(/redis-server is too old \(v=6\.0\.16\): install Redis 7\.0/);
    expect(findRedisServer({ PATH: "" }).reason).toMatch(/^no redis-server: install Redis 7\.0 or newer \(apt-get /);
  });

  test("the one that is named, and no other", () => {
    const folder = programs({ "redis-server": "Redis server v=7.0.15 sha=0", postgres: "postgres (PostgreSQL) 15.1" });
    expect(findRedisServer({ PATH: folder, KRM_TEST_REDIS_SERVER: "/nowhere" }).reason).toBe(
      "KRM_TEST_REDIS_SERVER=/nowhere does not run: name a redis-server, or unset it",
    );
    expect(findPostgres({ KRM_TEST_POSTGRES_BIN: folder }).reason).toMatch(/holds no initdb and postgres that run/);
    writeFileSync(join(folder, "initdb"), '#!/bin/sh\necho "initdb (PostgreSQL) 15.1"\n', { mode: 0o755 });
    expect(findPostgres({ KRM_TEST_POSTGRES_BIN: folder })).toEqual({ path: folder });
  });

  test("a Python that has Kubernetes' client, though another one comes first on PATH", () => {
    const without = programs({ python3: "ModuleNotFoundError: No module named 'kubernetes'" });
    const having = programs({ python3: "kubernetes 22.6.0" });
    expect(findPythonClient({ PATH: `${without}:${having}` })).toEqual({ path: join(having, "python3") });
    expect(findPythonClient({ PATH: without }).reason).toMatch(
      /^no python3 on PATH has Kubernetes' client: .*apt-get install python3-kubernetes.*KRM_TEST_PYTHON$/,
    );
    expect(findPythonClient({ PATH: having, KRM_TEST_PYTHON: join(without, "python3") }).reason).toBe(
      `KRM_TEST_PYTHON=${join(without, "python3")} cannot import kubernetes: name a Python that can, or unset it`,
    );
  });
});

test("a free port is one that nothing listens on, and not given twice", async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  expect(new Set(ports).size).toBe(20);
  await expect(inline(ports[0] ?? 0, "PING")).rejects.toThrow("ECONNREFUSED");
});

test("a PostgreSQL that cannot be started leaves nothing behind", async () => {
  const folder = mkdtempSync(join(tmpdir(), "krm-nothing-"));
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
  vi.stubEnv("TMPDIR", folder);
  await expect(startPostgres({ bin: "/nowhere" })).rejects.toThrow("ENOENT");
  expect(readdirSync(folder)).toEqual([]);
});

/** The first line that Redis replies with to a line, on a connection without any login. */
async function inline(port: number, line: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  try {
    socket.write(`${line}\r\n`);
    const [chunk] = (await once(socket, "data")) as [Buffer];
    return String(chunk).split("\r\n")[0] ?? "";
  } finally {
    socket.destroy();
  }
}
