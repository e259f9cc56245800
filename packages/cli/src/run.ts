import { CommanderError } from "commander";
import { errorLine, sentences, tellError, type ToldError } from "./errors/error-line.ts";
import { EXIT } from "./exit-code.ts";
import { Interrupted } from "./interrupted.ts";
import type { CliIo } from "./io.ts";
import { createProgram, type HelpTexts, type Program } from "./program.ts";

/**
 * Runs one command to its end: `argv` without node and script. Errors are told on `io.stderr`, one line each; nothing is
 * thrown.
 *
 * @returns The exit code: 0, 1 for a failure, 2 for a wrong command line; where `io.signal` ended it early, 128 and
 * the number of the signal that its reason tells, else 130.
 * @example
 * const code = await run(["get", "pods"], { stdout, stderr, env: {}, signal });
 */
export async function run(argv: readonly string[], io: CliIo): Promise<number> {
  const program = createProgram(io, await helpTexts(argv));
  try {
    await program.command.parseAsync(program.isUnknownTopic(argv) ? argv.slice(1) : argv, { from: "user" });
    return EXIT.ok;
  } catch (error) {
    if (io.signal.aborted && !(error instanceof CommanderError)) {
      const { reason } = io.signal as { readonly reason: unknown };
      return reason instanceof Interrupted ? reason.exitCode : EXIT.interrupted;
    }
    const told = tellError(error);
    if (told.message !== "" && told.exitCode === EXIT.failure && (await logged(error, told, program, io)))
      return told.exitCode;
    if (told.message !== "") io.stderr.write(`${errorLine(told)}\n`);
    if (program.verbose && error instanceof Error && told.exitCode === EXIT.failure) {
      io.stderr.write(`${error.stack ?? error.message}\n`);
    }
    return told.exitCode;
  }
}

/** A command whose log is JSON says so, too, why it ends. */
async function logged(error: unknown, told: ToldError, { log }: Program, io: CliIo): Promise<boolean> {
  if (log === undefined) return false;
  const { commandLogger, logFormat } = await import("./logging/command-logger.ts");
  if (logFormat(io, log) !== "json") return false;
  const { code, stack } = (error instanceof Error ? error : {}) as {
    readonly code?: unknown;
    readonly stack?: unknown;
  };
  const err = { code, message: told.message, hint: told.hint, stack };
  const logger = commandLogger(io, { ...log, logLevel: log.logLevel === "debug" ? "debug" : "error" });
  logger.error({ err }, sentences(told.message, told.hint));
  return true;
}

async function helpTexts(argv: readonly string[]): Promise<HelpTexts> {
  const asked = argv.includes("simulate") && ["help", "--help", "-h"].some((word) => argv.includes(word));
  if (!asked) return { faults: () => "" };
  const { describeFaults } = await import("@krm/testkit");
  return { faults: describeFaults };
}
