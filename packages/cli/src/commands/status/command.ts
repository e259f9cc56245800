import type { Command } from "commander";
import type { CliIo } from "../../io.ts";
import { logLevelFlag } from "../../options/common-flags.ts";
import { flag } from "../../options/flag.ts";
import { oneOf } from "../../options/names.ts";
import { type ReaderOptions, readerFlags } from "../../options/reader-flags.ts";

/** How `krm status` writes what it got. */
export const STATUS_OUTPUTS = ["table", "json", "yaml"] as const;

/** What `krm status` was told. */
export interface StatusOptions extends ReaderOptions {
  readonly output: (typeof STATUS_OUTPUTS)[number];
}

const EXAMPLES = `
STATE     synced, syncing (no answer yet), stale (no news from the cluster), snapshot-only (cannot be watched),
          forbidden, gone or failed
NEWS      when the cluster last said something that is in the answers
VERIFIED  when the last verified list was asked for, and
HOW       how: exact (at the very version that the watch had told) or latest; metadata (without bodies) or full
DRIFT     events that the watch had missed and verification found and repaired, since the state began; below the table
          by type and cause, with how long readers could see the wrong state, at most, and the newest of them by name.
          Cause upstream: nothing went wrong here, the API server did not send it.
Below that, where it matters for times: that the API server's clock is more than 1 s off the clock of the process that
watches, and that this process was held up for more than 250 ms.

Examples:
  krm status
  krm status --output json --server http://127.0.0.1:8003`;

/** Adds `krm status`. */
export function addStatus(program: Command, io: CliIo): void {
  const command = program
    .command("status")
    .usage("[OPTIONS]")
    .summary("how far a KRM server's answers can be trusted")
    .description(
      "Shows, for each resource (and namespace) that a KRM server watches, how fresh and how sure its answers are, and what its watch had missed.",
    )
    .addOption(
      flag("-o, --output <FORMAT>", `one of ${STATUS_OUTPUTS.join(", ")}`, {
        ...oneOf(STATUS_OUTPUTS),
        default: "table",
      }),
    );
  for (const each of readerFlags()) command.addOption(each);
  command
    .addOption(logLevelFlag())
    .addHelpText("after", EXAMPLES)
    .action(async (options: StatusOptions) => {
      const { runStatus } = await import("./run-status.ts");
      await runStatus(options, io);
    });
}
