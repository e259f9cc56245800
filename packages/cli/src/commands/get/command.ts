import { Argument, type Command } from "commander";
import type { CliIo } from "../../io.ts";
import { logLevelFlag } from "../../options/common-flags.ts";
import { Flag, flag } from "../../options/flag.ts";
import { parseNamespace } from "../../options/names.ts";
import { objectOutputFlag } from "../../options/output-flag.ts";
import { type ReaderOptions, readerFlags } from "../../options/reader-flags.ts";
import { sortFlag } from "../../options/sort-flag.ts";
import type { JsonPath } from "../../output/jsonpath/json-path.ts";
import type { ObjectOutput } from "../../output/object-output.ts";

const OUTPUTS = ["table", "wide", "json", "yaml", "name"] as const;

/** How `krm get` writes what it got. */
export type GetOutput = ObjectOutput<(typeof OUTPUTS)[number]>;

/** What `krm get` was told. */
export interface GetOptions extends ReaderOptions {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly accessible?: boolean;
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly output: GetOutput;
  readonly sortBy?: JsonPath;
  readonly noHeaders?: boolean;
  readonly showLabels?: boolean;
}

const EXAMPLES = `
On a terminal, tables are coloured (NO_COLOR=1: not), and a line on stderr tells how far the answer can be trusted. Paths in
jsonpath, custom-columns and --sort-by are written as for kubectl; what is not there is left out.

Without -n it shows all namespaces that are watched. When the answer is not synced with the cluster, a line on stderr
says so. To list all of them takes a right to all of them; --accessible is content with those in which you may list, and says
so on stderr.

Examples:
  krm get pods
  krm get pods -n team-a -l 'app=web,tier in (front,back)'
  krm get pods --accessible
  krm get po --field-selector spec.nodeName=node-1 --output wide
  krm get deployment.apps web -n team-a --output yaml
  krm get pods --sort-by .metadata.creationTimestamp --output custom-columns=NAME:.metadata.name,NODE:.spec.nodeName
  krm get pods -o jsonpath='{range .items[?(@.status.phase!="Running")]}{.metadata.name}{"\\n"}{end}'
  krm get nodes --server https://krm.example.com --token-file ~/.krm-token`;

/** Adds `krm get`. */
export function addGet(program: Command, io: CliIo): void {
  const command = program
    .command("get")
    .usage("RESOURCE [NAME] [OPTIONS]")
    .summary("read resources from a KRM server")
    .description("Reads a resource from a KRM server and prints it as kubectl does.")
    .addArgument(
      new Argument(
        "<RESOURCE>",
        "plural, short name, or either with its group: pods, po, deployments.apps; or pod/NAME",
      ),
    )
    .addArgument(new Argument("[NAME]", "one object"))
    .addOption(flag("-n, --namespace <NAME>", "only this namespace", { parse: parseNamespace }))
    .addOption(new Flag("-A, --all-namespaces", "all namespaces, which is the default", { excludes: ["--namespace"] }))
    .addOption(
      new Flag("--accessible", "of all namespaces, those in which you may list, where you may not list everywhere", {
        excludes: ["--namespace"],
      }),
    )
    .addOption(flag("-l, --selector <SELECTOR>", "only objects with these labels: app=web,tier in (a,b),!canary"))
    .addOption(flag("--field-selector <SELECTOR>", "only objects with these fields: status.phase=Running"))
    .addOption(objectOutputFlag(OUTPUTS))
    .addOption(sortFlag())
    .addOption(new Flag("--no-headers", "tables without their heading"))
    .addOption(new Flag("--show-labels", "tables with a column of labels"));
  for (const each of readerFlags()) command.addOption(each);
  command
    .addOption(logLevelFlag())
    .addHelpText("after", EXAMPLES)
    .action(async (resource: string, name: string | undefined, options: GetOptions) => {
      const { runGet } = await import("./run-get.ts");
      await runGet(resource, name, options, io);
    });
}
