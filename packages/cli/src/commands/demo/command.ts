import { DEFAULT_PORT } from "@krm/protocol";
import type { Command } from "commander";
import type { CliIo } from "../../io.ts";
import { type CommonOptions, listenFlag, logLevelFlag } from "../../options/common-flags.ts";
import type { HostPort } from "../../options/listen-address.ts";
import { churnFlag, podsFlag, seedFlag } from "../../options/simulation-flags.ts";
import { endsWell } from "../../until-ended.ts";

/** What `krm demo` was told. */
export interface DemoOptions extends CommonOptions {
  readonly listen: HostPort;
  readonly pods: number;
  readonly churn: number;
  readonly seed: number;
}

const EXAMPLES = `
It runs until Ctrl-C and leaves nothing behind. In another terminal:
  curl 'http://127.0.0.1:8003/pods?limit=2'
  krm get deployments
  krm status

Examples:
  krm demo
  krm demo --pods 5000 --churn 100        a larger and busier cluster
  krm demo --listen 127.0.0.1:0           on any free port`;

/** Adds `krm demo`. */
export function addDemo(program: Command, io: CliIo): void {
  program
    .command("demo")
    .usage("[OPTIONS]")
    .summary("a simulated cluster, watched and served, in one process")
    .description(
      "Simulates a cluster that changes all the time, watches it over HTTPS as it would a real one, and serves what it sees. Shows a line per resource: objects, events per second, when last verified, and what the stream had missed.",
    )
    .addOption(listenFlag({ host: "127.0.0.1", port: DEFAULT_PORT }))
    .addOption(podsFlag())
    .addOption(churnFlag())
    .addOption(seedFlag())
    .addOption(logLevelFlag())
    .addHelpText("after", EXAMPLES)
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import("./run-demo.ts");
      await endsWell(runDemo(options, io), io.signal);
    });
}
