import { DEFAULT_PORT } from "@krm/protocol";
import { Argument, type Command } from "commander";
import type { CliIo } from "../../io.ts";
import {
  type CommonOptions,
  listenFlag,
  logLevelFlag,
  type ServerFlagOptions,
  serverFlags,
  storeFlag,
} from "../../options/common-flags.ts";
import { refuseWithoutServe } from "./serve-flags.ts";
import { durationBetween } from "../../options/duration.ts";
import { Flag, flag, RepeatableFlag } from "../../options/flag.ts";
import { parseNamespaces } from "../../options/names.ts";
import type { StoreChoice } from "../../options/store-url.ts";
import { endsWell } from "../../until-ended.ts";

/** What `krm monitor` was told. */
export interface MonitorCommandOptions extends CommonOptions, ServerFlagOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly inCluster?: boolean;
  readonly namespace?: readonly string[];
  readonly verifyEvery: number;
  readonly store: StoreChoice;
  readonly serve?: boolean;
}

const EXAMPLES = `
RESOURCE is a plural, a short name, or either with its group: pods, po, deployments.apps, apps/v1/deployments, or that
of a custom resource. Without one: pods, deployments, persistentvolumeclaims, services, ingresses, nodes.

The kubeconfig is --kubeconfig, else that of KUBECONFIG, else ~/.kube/config. Rights needed: list and watch.

Examples:
  krm monitor --serve                                   the six resources, read at http://127.0.0.1:8003
  krm monitor pods statefulsets.apps --serve            these two
  krm monitor -n team-a -n team-b --serve               two namespaces, each watched on its own
  krm monitor --in-cluster --serve --listen 0.0.0.0:8003 --auth static:/etc/krm/tokens`;

/** Adds `krm monitor`. */
export function addMonitor(program: Command, io: CliIo): void {
  const command = program
    .command("monitor")
    .usage("[RESOURCE...] [OPTIONS]")
    .summary("watch and verify resources of a cluster, and serve them")
    .description(
      "Streams, verifies and merges resources of a cluster, in one process; with --serve it answers readers too.",
    )
    .addArgument(new Argument("[RESOURCE...]", "what to watch"))
    .addOption(flag("--kubeconfig <FILE>", "how to reach the cluster"))
    .addOption(flag("--context <NAME>", "the kubeconfig's context to use instead of its current one"))
    .addOption(
      new Flag("--in-cluster", "use this pod's service account instead of a kubeconfig", {
        excludes: ["--kubeconfig", "--context"],
      }),
    )
    .addOption(
      new RepeatableFlag("-n, --namespace <NAME>", "only this namespace; may come several times", {
        parse: parseNamespaces,
      }),
    )
    .addOption(
      flag("--verify-every <TIME>", "how often each resource is verified, on average", {
        parse: durationBetween({ min: 1000 }),
        default: 300_000,
        shown: "5m",
      }),
    )
    .addOption(storeFlag().default({ type: "memory" }, "memory:"))
    .addOption(new Flag("--serve", "answer readers"))
    .addOption(listenFlag({ host: "127.0.0.1", port: DEFAULT_PORT }));
  for (const each of serverFlags()) command.addOption(each);
  command.addOption(logLevelFlag()).addHelpText("after", EXAMPLES);
  command.action(async (resources: readonly string[], options: MonitorCommandOptions) => {
    if (options.serve !== true) refuseWithoutServe(command);
    const { runMonitor } = await import("./run-monitor.ts");
    await endsWell(runMonitor(resources, options, io), io.signal);
  });
}
