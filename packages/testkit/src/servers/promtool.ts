import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

/** How a run of promtool ended. */
export interface PromtoolResult {
  /** 0: nothing to complain about. */
  readonly code: number | null;
  /** What it printed as results and then what it complained about. */
  readonly output: string;
}

/** Prometheus' own judge of what is meant for Prometheus. A complaint is a result, not an error. */
export interface Promtool {
  /** Runs `promtool check` with these arguments, `stdin` on its input. */
  check(args: readonly string[], stdin?: string): Promise<PromtoolResult>;
  /** Whether a scrape is well-formed (else the code is 1), and keeps to the conventions (else 3). */
  checkMetrics(exposition: string): Promise<PromtoolResult>;
  /** Whether a file of rules is well-formed, expressions included. */
  checkRules(file: string): Promise<PromtoolResult>;
}

/** Uses the promtool at this path, as `findPromtool` tells it. */
export function promtoolAt(path: string): Promtool {
  const check = async (args: readonly string[], stdin = ""): Promise<PromtoolResult> => {
    const child = spawn(path, ["check", ...args], { stdio: ["pipe", "pipe", "pipe"] });
    const { promise: end, resolve, reject } = Promise.withResolvers<number | null>();
    child.once("error", reject).once("close", resolve);
    // It may end without reading all of it.
    child.stdin.on("error", () => {}).end(stdin);
    const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), end]);
    return { code, output: stdout + stderr };
  };
  return {
    check,
    checkMetrics: (exposition) => check(["metrics"], exposition),
    checkRules: (file) => check(["rules", file]),
  };
}
