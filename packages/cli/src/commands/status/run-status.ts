import type { CliIo } from "../../io.ts";
import { openClient } from "../../reading/open-client.ts";
import { structured } from "../../reading/structured.ts";
import { hasColours, painter } from "../../terminal/paint.ts";
import type { StatusOptions } from "./command.ts";
import { shownOn } from "../../terminal/shown-on.ts";
import { statusLines } from "./status-lines.ts";

/** What fits where the width is not known: a pipe, a page of documentation. */
const NARROW = 80;

/** Reads how a server is and prints it. */
export async function runStatus(options: StatusOptions, io: CliIo): Promise<void> {
  const status = await openClient(options).status({ signal: io.signal });
  if (options.output !== "table") {
    io.stdout.write(shownOn(io.stdout)(structured(status, options.output)));
    return;
  }
  if (status.scopes.length === 0) io.stderr.write("Nothing is watched yet.\n");
  else
    io.stdout.write(
      statusLines(status, io.stdout.columns ?? NARROW, painter(hasColours(io.stdout, io.env)))
        .map((line) => `${line}\n`)
        .join(""),
    );
}
