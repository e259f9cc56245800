import type { Writable } from "node:stream";
import { errorLine, tellError } from "./errors/error-line.ts";
import { EXIT } from "./exit-code.ts";
import { fileError } from "./files/file-error.ts";
import { Interrupted } from "./interrupted.ts";
import type { CliIo } from "./io.ts";

/** The process itself, as a command uses it. */
export interface ProcessIo extends CliIo {
  /**
   * Waits until what was written is out. Output that was lost, as on a full disk, is told and makes a failure of any exit
   * code.
   */
  readonly settle: (code: number) => Promise<number>;
}

/**
 * The process itself as a {@link CliIo}. The first SIGINT, SIGTERM or SIGHUP asks to end, and so does output that cannot
 * be written: most often its reader went away (`| head`), which is no failure. The second signal ends at once.
 */
export function processIo(): ProcessIo {
  const { stdout, stderr, env } = process;
  const stop = new AbortController();
  let lost: Error | undefined;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      const interrupted = new Interrupted(name);
      if (stop.signal.aborted) process.exit(interrupted.exitCode);
      stop.abort(interrupted);
    });
  }
  for (const stream of [stdout, stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") lost ??= error;
      stop.abort(new Interrupted("SIGPIPE"));
    });
  }
  return {
    stdout,
    stderr,
    env,
    signal: stop.signal,
    async settle(code) {
      await Promise.all([flushed(stdout), flushed(stderr)]);
      if (lost === undefined) return code;
      stderr.write(`${errorLine(tellError(fileError(lost, "cannot write the output")))}\n`);
      await flushed(stderr);
      return EXIT.failure;
    },
  };
}

async function flushed(stream: Writable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // Also called when the stream is broken, with an error that its listener has been told.
  stream.write("", () => resolve());
  await promise;
}
