import { Argument, type Command } from "commander";
import type { CliIo } from "../../io.ts";
import { logLevelFlag } from "../../options/common-flags.ts";
import { Flag, flag } from "../../options/flag.ts";
import { parseNamespace } from "../../options/names.ts";
import { objectOutputFlag } from "../../options/output-flag.ts";
import { type ReaderOptions, readerFlags } from "../../options/reader-flags.ts";
import type { ObjectOutput } from "../../output/object-output.ts";

const OUTPUTS = ["table", "wide", "json", "name"] as const;

/** How `krm watch` writes what it is told. */
export type WatchOutput = ObjectOutput<(typeof OUTPUTS)[number]>;

/** What `krm watch` was told. */
export interface WatchCommandOptions extends ReaderOptions {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly changesOnly?: boolean;
  readonly output: WatchOutput;
  readonly noHeaders?: boolean;
}

const EXAMPLES = `
Begins with all that there is, and goes on until it is ended (Ctrl-C). Where the connection breaks or the server is started
anew, it goes on by itself; where it had to begin anew, a line on stderr says so, and only the differences are printed.
With --output json each line is {"type":"ADDED","object":{…}}; with jsonpath a line is of the object alone. A table on a
terminal is coloured (NO_COLOR=1: not).

Examples:
  krm watch pods
  krm watch po -n team-a -l app=web --changes-only
  krm watch nodes --output json | jq -r '.type + " " + .object.metadata.name'
  krm watch apps/v1/statefulsets --server https://krm.example.com --token-file ~/.krm-token`;

/** Adds `krm watch`. */
export function addWatch(program: Command, io: CliIo): void {
  const command = program
    .command("watch")
    .usage("RESOURCE [NAME] [OPTIONS]")
    .summary("print what becomes of a resource, as a KRM server tells it")
    .description("Watches a resource of a KRM server and prints each change as it comes.")
    .addArgument(
      new Argument(
        "<RESOURCE>",
        "one of the six (pods, po, deployments, …), or group/version/plural: apps/v1/statefulsets, v1/configmaps",
      ),
    )
    .addArgument(new Argument("[NAME]", "one object"))
    .addOption(flag("-n, --namespace <NAME>", "only this namespace", { parse: parseNamespace }))
    .addOption(new Flag("-A, --all-namespaces", "all namespaces, which is the default", { excludes: ["--namespace"] }))
    .addOption(flag("-l, --selector <SELECTOR>", "only objects with these labels: app=web,tier in (a,b),!canary"))
    .addOption(flag("--field-selector <SELECTOR>", "only objects with these fields: status.phase=Running"))
    .addOption(flag("--changes-only", "not what there is at the beginning"))
    .addOption(objectOutputFlag(OUTPUTS))
    .addOption(new Flag("--no-headers", "tables without their heading"));
  for (const each of readerFlags()) command.addOption(each);
  command
    .addOption(logLevelFlag())
    .addHelpText("after", EXAMPLES)
    .action(async (resource: string, name: string | undefined, options: WatchCommandOptions) => {
      const { runWatch } = await import("./run-watch.ts");
      await runWatch(resource, name, options, io);
    });
}
