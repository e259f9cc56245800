import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { quoted, redisAuthority, redisLines, type RedisOptions, replicaLine } from "./redis-conf.ts";
import { type RespReply, respCommand } from "./resp.ts";
import { ServerProcess, serverFolder } from "./server-process.ts";

/** The user of `command`: whatever a test does to the others, this one stays. */
const ADMIN = "krm-testkit";
const DATA = ["appendonlydir", "dump.rdb"];
const TLS_FILES = { ca: "tls-ca-cert-file", cert: "tls-cert-file", key: "tls-key-file" } as const;

/** How a server comes back. */
export interface RedisRestart {
  /** `false` removes what it has on disk; a node of a cluster stays a member of it. Default: it loads what is there. */
  readonly keepData?: boolean | undefined;
  /** It comes back as a replica of this one. */
  readonly replicaOf?: { readonly port: number } | undefined;
}

/** A Redis server of its own on 127.0.0.1. Disposal ends it at once and removes its files. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  /** `redis://127.0.0.1:PORT`, `rediss://` with TLS, with the password of `default` where there is one. */
  readonly url: string;
  /** The file with the authority of its certificate; undefined without TLS. */
  readonly caFile: string | undefined;
  /** Ends it with SIGKILL; resolves once it is gone. */
  kill(): Promise<void>;
  /** Tells it to end, and waits for it. */
  stop(): Promise<void>;
  /** Starts it on the same port, and stops it before if it runs. A `CONFIG SET` is lost unless it was rewritten. */
  restart(options?: RedisRestart): Promise<void>;
  /** It does nothing any more until `resume`: connections stay, new ones are taken by the system, no reply comes. */
  pause(): void;
  resume(): void;
  /**
   * Runs a command on a connection and as a user of its own, whatever the test has changed for others: `FLUSHALL`,
   * `INFO`, `CONFIG SET …`, `DEBUG SLEEP 1`. Throws an error reply, and after thirty seconds without one.
   */
  command(...args: readonly (string | number)[]): Promise<RespReply>;
}

/**
 * Starts a Redis server (7.0 or newer, or Valkey) with a folder and a configuration of its own, on a free port of
 * 127.0.0.1. Nothing of the machine's own Redis is read or touched. It takes some tens of milliseconds.
 *
 * @throws KrmError `KRM_NOT_READY` with what the server said, when it does not start.
 *
 * @example
 * await using redis = await startRedis({ appendonly: true });
 * await redis.kill();
 * await redis.restart(); // with all that it had acknowledged
 */
export function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  return launchRedis({ ...options, lines: redisLines(options) });
}

/** What {@link launchRedis} starts: a server, a node of a cluster, or a sentinel. */
export interface RedisLaunch extends Pick<RedisOptions, "binary" | "password" | "tls"> {
  /** Of the configuration: all but the address, the folder and the administrator. */
  readonly lines: readonly string[];
  readonly mode?: "sentinel" | "cluster";
}

/** Starts one with this configuration. A port that another process was quicker to take is replaced by the next. */
export async function launchRedis(launch: RedisLaunch): Promise<RedisServer> {
  for (let tries = 1; ; tries++) {
    const server = await RunningRedis.create(launch, await freePort({ bus: launch.mode === "cluster" }));
    try {
      await server.restart();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      if (tries === 5 || !/address already in use/i.test(String(error))) throw error;
    }
  }
}

class RunningRedis implements RedisServer {
  readonly port: number;
  readonly url: string;
  readonly caFile: string | undefined;
  readonly #process: ServerProcess;

  private constructor(launch: RedisLaunch, port: number, folder: string) {
    const { password, tls } = launch;
    this.port = port;
    this.url = `${tls === undefined ? "redis" : "rediss"}://${redisAuthority(password, [port])}`;
    this.caFile = tls === undefined ? undefined : join(folder, "ca.pem");
    const program = {
      command: launch.binary ?? "redis-server",
      args: [join(folder, "redis.conf"), ...(launch.mode === "sentinel" ? ["--sentinel"] : [])],
      ready: launch.mode === "sentinel" ? /\+monitor master/ : /Ready to accept connections/,
    };
    this.#process = new ServerProcess(folder, program, "KILL");
  }

  static async create(launch: RedisLaunch, port: number): Promise<RunningRedis> {
    const folder = await serverFolder("redis");
    const server = new RunningRedis(launch, port, folder);
    const { tls } = launch;
    const lines = ["bind 127.0.0.1", `dir ${quoted(folder)}`, `user ${ADMIN} on nopass ~* &* +@all`, ...launch.lines];
    if (tls === undefined) lines.unshift(`port ${port}`);
    else {
      for (const name of ["ca", "cert", "key"] as const) {
        const file = join(folder, `${name}.pem`);
        await writeFile(file, tls[name], { mode: 0o600 });
        lines.push(`${TLS_FILES[name]} ${quoted(file)}`);
      }
      lines.unshift("port 0", `tls-port ${port}`);
    }
    await writeFile(join(folder, "redis.conf"), `${lines.join("\n")}\n`, { mode: 0o600 });
    return server;
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }

  stop(): Promise<void> {
    return this.#process.stop("SIGTERM");
  }

  async restart({ keepData = true, replicaOf }: RedisRestart = {}): Promise<void> {
    await this.stop();
    const { folder } = this.#process;
    if (!keepData) for (const name of DATA) await rm(join(folder, name), { recursive: true, force: true });
    if (replicaOf !== undefined)
      await writeFile(join(folder, "redis.conf"), `${replicaLine(replicaOf)}\n`, { flag: "a" });
    await this.#process.start();
  }

  pause(): void {
    this.#process.signal("SIGSTOP");
  }

  resume(): void {
    this.#process.signal("SIGCONT");
  }

  command(...args: readonly (string | number)[]): Promise<RespReply> {
    return respCommand({ port: this.port, tls: this.caFile !== undefined, user: ADMIN }, args);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#process[Symbol.asyncDispose]();
  }
}
