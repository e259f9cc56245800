// Child processes that get this process's signals once, and whose end becomes its end.
import { spawn } from "node:child_process";
import { constants } from "node:os";

/** Thrown when a signal ended a step of the preparation. */
export class Stopped extends Error {
  constructor(signal) {
    super(`stopped by ${signal}`);
    this.signal = signal;
  }
}

/**
 * Which signals a child did not get by itself. Child and parent share a process group, so that whoever kills the group
 * ends both. Ctrl-C in a terminal reaches both, and so does a signal to the group; npm, where it is the parent, passes
 * on what it gets itself. (package.json's scripts say `exec`: a shell in between would keep the signal to itself.) So:
 *  - what a terminal's keys send is never forwarded;
 *  - a signal that comes twice within the window, or with which npm died, went to the group: not forwarded;
 *  - one that comes once was meant for this process alone: forwarded, unless the child has ended meanwhile;
 *  - where npm has died and no signal came, the child is told to end.
 * A group that is signalled without a terminal and without npm may see the signal twice.
 */
const WINDOW_MS = 100;
const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"];
const FROM_KEYS = new Set(["SIGINT", "SIGQUIT"]);

function forwardSignals(child) {
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const underNpm = process.env.npm_lifecycle_event !== undefined;
  const parent = process.ppid;
  const orphaned = () => underNpm && process.ppid !== parent;
  const waiting = new Map();
  let received;

  const onSignal = (signal) => {
    received = signal;
    if (terminal && FROM_KEYS.has(signal)) return;
    if (waiting.has(signal)) {
      clearTimeout(waiting.get(signal));
      return;
    }
    const forward = () => {
      if (!orphaned()) child.kill(signal);
    };
    waiting.set(signal, setTimeout(forward, WINDOW_MS));
    setTimeout(() => waiting.delete(signal), 5 * WINDOW_MS).unref();
  };
  const signals = process.platform === "win32" ? ["SIGINT", "SIGTERM"] : FORWARDED;
  for (const signal of signals) process.on(signal, onSignal);

  const watch = setInterval(() => {
    if (!orphaned()) return;
    clearInterval(watch);
    if (received === undefined) child.kill("SIGTERM");
  }, WINDOW_MS);
  return () => {
    clearInterval(watch);
    for (const signal of signals) process.off(signal, onSignal);
    for (const timer of waiting.values()) clearTimeout(timer);
    return received;
  };
}

function start(command, args, options) {
  const child = spawn(command, args, options);
  const stopForwarding = forwardSignals(child);
  return new Promise((resolve, reject) => {
    child.once("error", (error) => {
      stopForwarding();
      // Folders on PATH that may not be read make the search end with EACCES, not with ENOENT.
      const missing = error.code === "ENOENT" || error.code === "EACCES";
      const text = missing ? `${command} was not found: is it on PATH?` : error.message;
      reject(Object.assign(new Error(text, { cause: error }), { code: "ESPAWN" }));
    });
    child.once("close", (code, signal) => resolve({ code, signal, received: stopForwarding() }));
    options.onChild?.(child);
  });
}

/** Runs a command with this process's own streams; resolves to its `code` or `signal`. */
export const runForwarding = (command, args, options) => start(command, args, { ...options, stdio: "inherit" });

/** Runs a step of the preparation; resolves to its exit code and everything it printed. Throws Stopped on a signal. */
export async function capture(command, args, options) {
  let output = "";
  const collect = (child) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => (output += text));
  };
  const { code, signal, received } = await start(command, args, {
    ...options,
    stdio: ["ignore", "pipe", "pipe"],
    onChild: collect,
  });
  if (received ?? signal) throw new Stopped(received ?? signal);
  return { code, output };
}

/** Ends this process the way a child ended: with its exit code, or by the same signal. */
export function exitAs({ code, signal }) {
  if (!signal) {
    process.exitCode = code ?? 1;
    return;
  }
  process.exitCode = 128 + (constants.signals[signal] ?? 0);
  if (process.platform !== "win32") process.kill(process.pid, signal);
}
