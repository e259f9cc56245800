import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { KrmError } from "@krm/core";
import { startWatchdog, type Watchdog } from "./watchdog.ts";

const START_MS = 30_000;
const STOP_MS = 10_000;
const KEPT_LINES = 20;

/** A user and a group, as numbers. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** How one kind of server is run. */
export interface ServerProgram {
  readonly command: string;
  readonly args: readonly string[];
  /** What a line of its output looks like once it can be used. */
  readonly ready: RegExp;
  /** Who it runs as. Default: whoever runs this. */
  readonly account?: Account | undefined;
}

/** A folder for the files of one server: private, and the account's own. */
export async function serverFolder(kind: string, account?: Account): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `krm-${kind}-server-`));
  if (account !== undefined) await chown(folder, account.uid, account.gid);
  return folder;
}

/** One server in the foreground: started, ended, started again, with its output kept for when it fails. */
export class ServerProcess implements AsyncDisposable {
  readonly folder: string;
  readonly #program: ServerProgram;
  readonly #watchdog: Watchdog;
  #child: ChildProcess | undefined;
  #closed: Promise<unknown> = Promise.resolve();

  /** Takes the folder over: disposal removes it. `crash` is the signal that ends the server at once and completely. */
  constructor(folder: string, program: ServerProgram, crash: "KILL" | "QUIT") {
    this.folder = folder;
    this.#program = program;
    this.#watchdog = startWatchdog(folder, crash);
  }

  /** Starts it; resolves once it is ready. When it ends before, the error has its last words. */
  async start(): Promise<void> {
    const { command, args, ready, account } = this.#program;
    const child = spawn(command, args, { cwd: this.folder, stdio: ["ignore", "pipe", "pipe"], ...account });
    const lines: string[] = [];
    const isReady = new Promise<void>((resolve) => {
      const onLine = (line: string): void => {
        if (lines.push(line) > KEPT_LINES) lines.shift();
        if (ready.test(line)) resolve();
      };
      for (const stream of [child.stdout, child.stderr] as Readable[]) {
        createInterface({ input: stream }).on("line", onLine);
      }
    });
    // Not "exit": whatever the server itself has started writes to the same pipes, and must be gone too.
    const closed = new Promise<void>((resolve) => child.once("close", resolve));
    const failed = once(child, "error").then(([error]) => {
      throw error;
    });
    this.#child = child;
    this.#closed = closed.then(() => {
      if (this.#child === child) this.#child = undefined;
      this.#watchdog.watch(undefined);
    });
    this.#watchdog.watch(child.pid);
    const late = Promise.withResolvers<"late">();
    const timer = setTimeout(() => late.resolve("late"), START_MS);
    try {
      const what = await Promise.race([isReady.then(() => "ready"), failed, late.promise, closed.then(() => "ended")]);
      if (what === "ready") return;
      if (what === "late") await this.kill();
      const how = what === "late" ? `was not ready after ${START_MS} ms` : "ended before it was ready";
      const said = lines.length > 0 ? `:\n${lines.join("\n")}` : ", and said nothing";
      throw new KrmError("KRM_NOT_READY", `${basename(command)} ${how}${said}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends a signal; nothing where it does not run. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it with SIGKILL; resolves once it is gone, and whatever it had started. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#closed;
  }

  /** Ends it with this signal, and with SIGKILL if that takes more than ten seconds. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    this.signal(signal);
    this.signal("SIGCONT");
    const timer = setTimeout(() => this.signal("SIGKILL"), STOP_MS);
    await this.#closed;
    clearTimeout(timer);
  }

  /** Removes the folder. It must have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
    this.#watchdog.done();
  }
}
