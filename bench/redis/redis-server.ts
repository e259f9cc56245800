import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Redis } from "ioredis";
import { loadScripts } from "../../packages/redis-store/src/scripts/load-scripts.ts";

/** What Redis has counted since it was started. */
export interface Counters {
  /** User and system time, in milliseconds. */
  readonly cpuMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Scripts that clients have run. */
  readonly scripts: number;
  /** Commands, those that scripts run included. */
  readonly commands: number;
  /** What the data itself takes, in bytes. */
  readonly datasetBytes: number;
  /** The most that it had of memory at once, with what it needs for itself and its clients, in bytes. */
  readonly peakBytes: number;
}

/** One entry of the slow log. */
export interface Execution {
  /** The script's name, or the command's. */
  readonly name: string;
  readonly micros: number;
}

/** A server of the bench's own. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  counters(): Promise<Counters>;
  /** Notes what takes longer than so many microseconds, and forgets what was noted. */
  note(longerThanMicros: number): Promise<void>;
  /** What was noted, of clients that are KRM's. */
  noted(): Promise<readonly Execution[]>;
}

const PROGRAM = process.env["KRM_TEST_REDIS_SERVER"] ?? "redis-server";

const SCRIPTS = loadScripts();
const BY_DIGEST = new Map(SCRIPTS.map(({ name, lua }) => [createHash("sha1").update(lua).digest("hex"), name]));

/** The server's own words for its version. Undefined: there is none on this machine. */
export function redisVersion(): string | undefined {
  const { error, stdout } = spawnSync(PROGRAM, ["--version"], { encoding: "utf8" });
  return error === undefined ? /v=(\S+)/.exec(stdout)?.[1] : undefined;
}

/** Starts a server on loopback that keeps nothing on disk. */
export async function startRedisServer(): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "krm-bench-redis-"));
  const port = await freePort();
  const config = join(folder, "redis.conf");
  const lines = [
    "bind 127.0.0.1",
    `port ${port}`,
    `dir ${folder}`,
    'save ""',
    "appendonly no",
    "slowlog-max-len 200000",
  ];
  writeFileSync(config, `${lines.join("\n")}\n`);
  const child = spawn(PROGRAM, [config], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const clean = (): void => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", clean);
  await started(child.stdout);
  const client = new Redis({ host: "127.0.0.1", port });
  return {
    url: `redis://127.0.0.1:${port}`,
    async counters() {
      const info = await client.info("everything");
      const all = new Map([...info.matchAll(/^([^:#\r\n]+):(.*?)\r?$/gm)].map(([, name, value]) => [name, value]));
      const number = (name: string): number => Number(all.get(name) ?? 0);
      const calls = (name: string): number => Number(/calls=(\d+)/.exec(all.get(`cmdstat_${name}`) ?? "")?.[1] ?? 0);
      const commands = [...all].reduce((sum, [name]) => {
        return name?.startsWith("cmdstat_") === true ? sum + calls(name.slice("cmdstat_".length)) : sum;
      }, 0);
      return {
        cpuMs: (number("used_cpu_user") + number("used_cpu_sys")) * 1000,
        bytesIn: number("total_net_input_bytes"),
        bytesOut: number("total_net_output_bytes"),
        scripts: calls("evalsha") + calls("eval"),
        commands,
        datasetBytes: number("used_memory_dataset"),
        peakBytes: number("used_memory_peak"),
      };
    },
    async note(longerThanMicros) {
      await client.config("SET", "slowlog-log-slower-than", longerThanMicros);
      await client.slowlog("RESET");
    },
    async noted() {
      const entries = (await client.slowlog("GET", -1)) as readonly SlowLogEntry[];
      return entries
        .filter(([, , , , , clientName]) => clientName === "krm")
        .map(([, , micros, args]) => ({ name: nameOf(args), micros }));
    },
    async [Symbol.asyncDispose]() {
      client.disconnect();
      child.kill("SIGKILL");
      await ended;
      process.off("exit", clean);
      clean();
    },
  };
}

type SlowLogEntry = readonly [
  id: number,
  time: number,
  micros: number,
  args: readonly string[],
  address: string,
  clientName: string,
];

function nameOf([command = "", first = ""]: readonly string[]): string {
  const lower = command.toLowerCase();
  if (lower === "evalsha") return BY_DIGEST.get(first) ?? lower;
  // The log keeps the beginning of long arguments.
  if (lower === "eval") return SCRIPTS.find(({ lua }) => lua.startsWith(first.slice(0, 100)))?.name ?? lower;
  return lower;
}

async function started(output: NodeJS.ReadableStream): Promise<void> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: output })) {
    lines.push(line);
    if (!line.includes("Ready to accept connections")) continue;
    output.resume();
    return;
  }
  throw new Error(`redis-server did not start:\n${lines.join("\n")}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, "close");
  return port;
}
