import type { Command } from "commander";
import type { CliIo } from "../../io.ts";
import { type CommonOptions, logLevelFlag } from "../../options/common-flags.ts";
import { durationBetween } from "../../options/duration.ts";
import { flag } from "../../options/flag.ts";
import { formatHostPort, type HostPort, parseHostPort } from "../../options/listen-address.ts";
import { wholeNumber } from "../../options/number.ts";
import { churnFlag, clockOffsetFlag, podsFlag, seedFlag } from "../../options/simulation-flags.ts";
import { endsWell } from "../../until-ended.ts";

/** What `krm simulate` was told. */
export interface SimulateOptions extends CommonOptions {
  readonly listen: HostPort;
  readonly pods: number;
  readonly nodes?: number;
  readonly churn: number;
  readonly seed: number;
  readonly faults: string;
  readonly clockOffset: number;
  readonly quietAfter?: number;
  readonly record?: string;
  readonly writeKubeconfig?: string;
}

const ADDRESS: HostPort = { host: "127.0.0.1", port: 8001 };

const EXAMPLES = `
Examples:
  krm simulate --write-kubeconfig sim.kubeconfig
  kubectl --kubeconfig sim.kubeconfig get pods -A
  krm monitor --kubeconfig sim.kubeconfig --serve

  krm simulate --pods 10000 --churn 50 --faults drop=0.01,disconnect=30s,restart=5m
  krm simulate --churn 20 --faults drop=0.01 --quiet-after 10m --record history.ndjson
  krm simulate --churn 20 --faults sway.pods=5s/1m,sway=1s/1m --clock-offset -3s`;

/** Adds `krm simulate`. `faults` gives the help text about `--faults`, when the help is printed. */
export function addSimulate(program: Command, io: CliIo, faults: () => string): void {
  program
    .command("simulate")
    .usage("[OPTIONS]")
    .summary("a simulated Kubernetes API server, to point anything at")
    .description(
      "Serves a simulated cluster as a kube-apiserver does, over HTTPS with its own CA and tokens. kubectl and client libraries work against it; it can be told to misbehave.",
    )
    .addOption(
      flag("--listen <HOST:PORT>", "where to serve the Kubernetes API; port 0 takes any free one", {
        parse: parseHostPort,
        default: ADDRESS,
        shown: formatHostPort(ADDRESS),
      }),
    )
    .addOption(podsFlag())
    .addOption(
      flag("--nodes <N>", "nodes in the cluster (default: one for 40 pods, at least 3)", {
        parse: wholeNumber({ min: 0, max: 10_000 }),
      }),
    )
    .addOption(churnFlag())
    .addOption(seedFlag())
    .addOption(flag("--faults <SPEC>", "what goes wrong, and how often (see below)", { default: "", shown: "nothing" }))
    .addOption(clockOffsetFlag())
    .addOption(
      flag("--quiet-after <TIME>", "stop changes and faults after this long, and go on serving", {
        parse: durationBetween({ min: 1 }),
      }),
    )
    .addOption(flag("--record <FILE>", "write the true history of the cluster to a file, as NDJSON"))
    .addOption(flag("--write-kubeconfig <FILE>", "write a kubeconfig for it (default: to a temporary file)"))
    .addOption(logLevelFlag())
    .addHelpText("after", () => `\n${faults()}\n${EXAMPLES}`)
    .action(async (options: SimulateOptions) => {
      const { runSimulate } = await import("./run-simulate.ts");
      await endsWell(runSimulate(options, io), io.signal);
    });
}
