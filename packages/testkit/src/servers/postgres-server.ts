import { execFile } from "node:child_process";
import { appendFile, readFile, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { KrmError } from "@krm/core";
import { freePort } from "./free-port.ts";
import { type Account, ServerProcess, serverFolder } from "./server-process.ts";

const run = promisify(execFile);
const USER = "postgres";

/** What {@link startPostgres} can be told. */
export interface PostgresOptions {
  /** The folder with `initdb`, `postgres` and `psql`, as `findPostgres` tells it. */
  readonly bin: string;
  /** Of the user `postgres`, over TCP. Default: none is needed. */
  readonly password?: string | undefined;
  /** Lines of postgresql.conf, after all others: name to value, quoted as there. */
  readonly config?: Readonly<Record<string, string>> | undefined;
}

/** A PostgreSQL server of its own on 127.0.0.1. Disposal ends it at once and removes its files. */
export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  /** `postgres://postgres@127.0.0.1:PORT/postgres`, with the password where there is one. */
  readonly url: string;
  /** Ends it with SIGKILL; resolves once it is gone, and all its backends. What was committed is there after `restart`. */
  kill(): Promise<void>;
  /** Ends all its connections and then itself. */
  stop(): Promise<void>;
  /** Starts it on the same port with the same data, and stops it before if it runs. */
  restart(): Promise<void>;
  /** Runs SQL by `psql`, as the superuser, past TCP. Resolves to the rows, fields apart by `|`; throws what it says. */
  query(sql: string): Promise<string>;
}

/**
 * Starts a PostgreSQL server with data, sockets and configuration of its own, on a free port of 127.0.0.1. Nothing of the
 * machine's own one is read or touched. It takes about a second, most of it for `initdb`. It never waits for the disk, so
 * it is no place for data that must survive the machine.
 *
 * Run by root, it runs as the user `postgres`, else `nobody`, as PostgreSQL refuses to be root.
 *
 * @example
 * await using postgres = await startPostgres({ bin: "/usr/lib/postgresql/17/bin" });
 * await postgres.query("create table t (id int)");
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const account = process.getuid?.() === 0 ? unprivileged() : undefined;
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const folder = await serverFolder("postgres", account);
    const server = new RunningPostgres(options, port, folder, account);
    try {
      await server.create();
      await server.restart();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      if (tries === 5 || !/address already in use/i.test(String(error))) throw error;
    }
  }
}

class RunningPostgres implements PostgresServer {
  readonly port: number;
  readonly url: string;
  readonly #options: PostgresOptions;
  readonly #account: Account | undefined;
  readonly #process: ServerProcess;

  constructor(options: PostgresOptions, port: number, folder: string, account: Account | undefined) {
    this.port = port;
    const login = options.password === undefined ? USER : `${USER}:${encodeURIComponent(options.password)}`;
    this.url = `postgres://${login}@127.0.0.1:${port}/postgres`;
    this.#options = options;
    this.#account = account;
    const command = join(options.bin, "postgres");
    const ready = /database system is ready to accept connections/;
    this.#process = new ServerProcess(folder, { command, args: ["-D", join(folder, "data")], ready, account }, "QUIT");
  }

  /** Writes the data folder of an empty server. */
  async create(): Promise<void> {
    const { bin, password, config = {} } = this.#options;
    const { folder } = this.#process;
    const data = join(folder, "data");
    const args = ["-D", data, "-U", USER, "-E", "UTF8", "--no-locale", "--no-sync", "--auth-local=trust"];
    const secret = join(folder, "password");
    if (password === undefined) args.push("--auth-host=trust");
    else {
      await writeFile(secret, password, { mode: 0o644 });
      args.push("--auth-host=scram-sha-256", `--pwfile=${secret}`);
    }
    await run(join(bin, "initdb"), args, { cwd: folder, ...this.#account });
    await rm(secret, { force: true });
    const lines = Object.entries({
      listen_addresses: "'127.0.0.1'",
      port: String(this.port),
      unix_socket_directories: `'${folder.replaceAll("'", "''")}'`,
      fsync: "off",
      full_page_writes: "off",
      shared_buffers: "16MB",
      // In the folder, so that it goes with it when the server is killed.
      dynamic_shared_memory_type: "mmap",
      ...config,
    }).map(([name, value]) => `${name} = ${value}\n`);
    await appendFile(join(data, "postgresql.conf"), lines.join(""));
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }

  stop(): Promise<void> {
    return this.#process.stop("SIGINT");
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.#process.start();
  }

  async query(sql: string): Promise<string> {
    const { folder } = this.#process;
    const place = ["-h", folder, "-p", String(this.port), "-U", USER, "-d", "postgres"];
    const flags = ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"];
    const { stdout } = await run(join(this.#options.bin, "psql"), [...place, ...flags, "-c", sql], { cwd: folder });
    return stdout.replace(/\n$/, "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop("SIGQUIT");
    await this.#forgetSharedMemory();
    await this.#process[Symbol.asyncDispose]();
  }

  /** One that was killed leaves a few bytes of System V shared memory behind, which its next start would have removed. */
  async #forgetSharedMemory(): Promise<void> {
    const pidFile = await readFile(join(this.#process.folder, "data", "postmaster.pid"), "utf8").catch(() => "");
    const id = /^\s*\d+\s+(\d+)\s*$/.exec(pidFile.split("\n")[6] ?? "")?.[1];
    if (id !== undefined) await run("ipcrm", ["-m", id]).catch(() => {});
  }
}

/** Whom a server of root runs as. */
function unprivileged(): Account {
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const user = users.find(([name]) => name === USER) ?? users.find(([name]) => name === "nobody");
  if (user === undefined)
    throw new KrmError(
      "KRM_USAGE",
      "PostgreSQL refuses to run as root, and there is no user postgres or nobody: add one",
    );
  return { uid: Number(user[2]), gid: Number(user[3]) };
}
