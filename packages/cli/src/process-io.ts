import { EXIT } from "./exit-code.ts";
import { Interrupted } from "./interrupted.ts";
import type { CliIo } from "./io.ts";

/**
 * The process itself as a {@link CliIo}. The first SIGINT, SIGTERM or SIGHUP asks to end, and so does a reader of the
 * output who went away (`| head`); the second signal ends at once.
 */
export function processIo(): CliIo {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(EXIT.interrupted);
      stop.abort(new Interrupted(name));
    });
  }
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      stop.abort(new Interrupted("SIGPIPE"));
    });
  }
  return { stdout: process.stdout, stderr: process.stderr, env: process.env, signal: stop.signal };
}
