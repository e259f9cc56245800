import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { openRedisStore } from "@krm/redis-store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HELM, renderChart } from "./support/rendered-chart.ts";

const REDIS = process.env["KRM_TEST_REDIS_SERVER"];
/** What a shell, an ACL and a URL could each stumble over. */
const PASSWORD = `a b'"$(x)>#~&%é\\`;
const run = promisify(execFile);

describe.skipIf(HELM === undefined || REDIS === undefined)("the chart's Redis, by its own files", () => {
  let folder: string;
  let redis: ChildProcess;
  let env: NodeJS.ProcessEnv;
  let port: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "krm-chart-redis-"));
    port = await freePort();
    const all = await renderChart({});
    const config = all.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "krm-redis");
    // Where a pod has them, a test must not write.
    for (const [file, text] of Object.entries(config?.["data"] as Readonly<Record<string, string>>)) {
      const here = text.replaceAll("6379", String(port)).replace("dir /data", `dir ${folder}`);
      await writeFile(join(folder, file), file === "redis.conf" ? `${here}bind 127.0.0.1\n` : here);
    }
    // As an editor leaves it: the line break is not a part of it.
    await writeFile(join(folder, "password"), `${PASSWORD}\n`);
    env = {
      PATH: `${dirname(REDIS ?? "")}:${process.env["PATH"]}`,
      CONFIG_FILE: join(folder, "redis.conf"),
      ACL_FILE: join(folder, "users.acl"),
      PASSWORD_FILE: join(folder, "password"),
      TLS: "",
    };
    redis = spawn("sh", [join(folder, "start.sh")], { env, stdio: ["ignore", "pipe", "inherit"] });
    const output = createInterface({ input: redis.stdout ?? process.stdin });
    for await (const line of output) if (line.includes("Ready to accept connections")) break;
  });

  afterAll(async () => {
    redis.kill();
    await once(redis, "exit");
    await rm(folder, { recursive: true });
  });

  const ping = async (how: string): Promise<number> =>
    run("sh", [join(folder, "ping.sh"), how], { env }).then(
      () => 0,
      (error: { readonly code: number }) => error.code,
    );
  const open = async (query: string): Promise<void> => {
    const signal = AbortSignal.timeout(10_000);
    await using store = await openRedisStore({ target: `redis://127.0.0.1:${port}/${query}`, signal });
    await store.scopes();
  };

  /** What Redis answers, as nobody or as KRM's user. */
  const ask = async (command: readonly string[], password?: string): Promise<string> => {
    const user = password === undefined ? [] : ["--user", "krm", "--no-auth-warning"];
    const login = password === undefined ? {} : { REDISCLI_AUTH: password };
    const cli = ["-p", String(port), ...user, ...command];
    const { stdout } = await run("redis-cli", cli, { env: { ...env, ...login } });
    return stdout.trim();
  };

  it("lets KRM in as its own user, with the password of the file", async () => {
    await open(`?user=krm&passwordFile=${join(folder, "password")}`);
  });

  it("keeps others out: without a user, and with another password", async () => {
    await writeFile(join(folder, "other"), "other");
    await expect(open(`?user=krm&passwordFile=${join(folder, "other")}`)).rejects.toThrow(/WRONGPASS|password/);
    expect(await ask(["ping"])).toMatch(/^NOAUTH/);
  });

  it("lets that user do what KRM does, and nothing to what is not KRM's", async () => {
    expect(await ask(["set", "krm:a", "1"], PASSWORD)).toBe("OK");
    expect(await ask(["get", "other:a"], PASSWORD)).toMatch(/^NOPERM/);
    for (const command of [["flushall"], ["config", "get", "*"], ["acl", "list"], ["shutdown"], ["keys", "*"]])
      expect(await ask(command, PASSWORD), command.join(" ")).toMatch(/^NOPERM/);
  });

  it("tells the probes that it is ready, and that it is not when its password is another", async () => {
    expect(await ping("ready")).toBe(0);
    expect(await ping("alive")).toBe(0);
    const wrong = { ...env, PASSWORD_FILE: join(folder, "start.sh") };
    await expect(run("sh", [join(folder, "ping.sh"), "ready"], { env: wrong })).rejects.toMatchObject({ code: 1 });
  });

  it("shows the password in no command line, and keeps no copy of it", async () => {
    const line = await readFile(`/proc/${redis.pid}/cmdline`, "utf8");
    expect(line).toContain("redis-server");
    expect(line).not.toContain("a b'");
    expect(await readFile(join(folder, "users.acl"), "utf8")).not.toContain("a b'");
  });

  it("throws nothing away when it is full", async () => {
    const memory = await ask(["info", "memory"], PASSWORD);
    expect(memory).toContain("maxmemory_policy:noeviction");
    expect(memory).toContain("maxmemory:1073741824");
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
