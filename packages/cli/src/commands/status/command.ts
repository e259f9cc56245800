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
STATE is synced, syncing (no answer yet), stale (no news from the cluster), snapshot-only (cannot be watched),
forbidden, gone or failed. DRIFT counts events that the stream had missed and verification found.

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
      "Shows, for each resource (and namespace) that a KRM server watches, how fresh and how sure its answers are.",
    )
    .addOption(
      flag("-o, --output <FORMAT>", `one of ${STATUS_OUTPUTS.join(", ")}`, {
        parse: oneOf(STATUS_OUTPUTS),
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
