import { DEFAULT_PORT } from "@krm/protocol";
import { Argument, type Command } from "commander";
import type { CliIo } from "../../io.ts";
import {
  CLIENT_CA_HELP,
  AUDIT_LOG_HELP,
  FORWARD_HELP,
  LIMITS_HELP,
  listenFlag,
  SERVER_OPTIONS,
  type ServerFlagOptions,
  serverFlags,
  TOKEN_REVIEW_HELP,
} from "../../options/common-flags.ts";
import { clusterFlags, type ClusterOptions, namespacesFlag } from "../../options/cluster-flags.ts";
import { Flag } from "../../options/flag.ts";
import type { HostPort } from "../../options/listen-address.ts";
import { logFlags, type LogOptions } from "../../options/log-flags.ts";
import { refuseIdleFlags } from "../../options/idle-flags.ts";
import { checkResourceNames } from "../../options/resource-names.ts";
import { healthListenFlag, leaseFlag } from "../../options/role-flags.ts";
import { isShared, storeFlag, STORES_HELP } from "../../options/store-flag.ts";
import type { StoreChoice } from "../../options/store-url.ts";
import { canaryFlags, type CanaryFlagOptions } from "../../options/canary-flags.ts";
import { checkInfluxFlags, INFLUX_DETAILS, influxFlags, type InfluxFlagOptions } from "../../options/influx-flags.ts";
import { nodeLeaseFlags, type NodeLeaseFlagOptions } from "../../options/node-lease-flags.ts";
import { verifyFlags, type VerifyFlagOptions } from "../../options/verify-flags.ts";
import { endsWell } from "../../until-ended.ts";

/** What `krm monitor` was told. */
export interface MonitorCommandOptions
  extends
    LogOptions,
    ServerFlagOptions,
    ClusterOptions,
    VerifyFlagOptions,
    InfluxFlagOptions,
    CanaryFlagOptions,
    NodeLeaseFlagOptions {
  readonly namespace?: readonly string[];
  readonly store: StoreChoice;
  /** Milliseconds. */
  readonly lease?: number;
  readonly serve?: boolean;
  readonly healthListen?: HostPort;
}

const DELAYS_HELP = `How late the watch tells of changes is measured by the objects' own timestamps (whole seconds), and written to InfluxDB with
--influx-url: one point for each event, or --influx-histograms. --canary measures it by one clock, on a quiet cluster too,
and proves events lost; it needs the rights to create and patch that one Lease. docs/metrics.md has every number.`;

const EXAMPLES = `
RESOURCE is a plural, a short name, or either with its group: pods, po, deployments.apps, apps/v1/deployments, or that
of a custom resource. Without one: pods, deployments, persistentvolumeclaims, services, ingresses, nodes.

The kubeconfig is --kubeconfig, else that of KUBECONFIG, else ~/.kube/config. Rights needed: get, list and watch.

Examples:
  krm monitor --serve                                   the six resources, read at http://127.0.0.1:8003
  krm monitor pods statefulsets.apps --serve            these two
  krm monitor -n team-a -n team-b --serve               two namespaces, each watched on its own
  krm monitor --serve --store sqlite:krm.db             after a restart it answers at once, and goes on from there
  krm monitor --store redis://127.0.0.1:6379            for krm serve in other processes; a second monitor stands by
  krm monitor --verify-every 1m --verify-budget 1200    sooner found, at more requests to the API server
  krm monitor --influx-url http://127.0.0.1:8086 --influx-db krm --canary 10s
  krm monitor --in-cluster --serve --listen 0.0.0.0:8003 --auth static:/etc/krm/tokens
  krm monitor --in-cluster --serve --listen 0.0.0.0:8003 --auth tokenreview:krm --tls-cert tls.crt --tls-key tls.key
  krm monitor --serve --forward-uncached --tls-cert tls.crt --tls-key tls.key    a kubeconfig for all that reads

${TOKEN_REVIEW_HELP}

${CLIENT_CA_HELP}

${FORWARD_HELP}

${LIMITS_HELP}

${AUDIT_LOG_HELP}

${STORES_HELP}

Prometheus finds /metrics where readers are served, and at --health-listen (with /livez and /readyz; without tokens).

${DELAYS_HELP}

Over Redis, one monitor at a time has a resource. A second one stands by, and takes over when the first ends, or within
--lease when it was killed. Each of the three roles can be a process of its own: see krm stream --help.`;

/** Adds `krm monitor`. */
export function addMonitor(program: Command, io: CliIo): void {
  const command = program
    .command("monitor")
    .usage("[RESOURCE...] [OPTIONS]")
    .summary("watch and verify resources of a cluster, and serve them")
    .description(
      "Streams, verifies and merges resources of a cluster, in one process; with --serve it answers readers too.",
    )
    .addArgument(new Argument("[RESOURCE...]", "what to watch"));
  for (const each of clusterFlags()) command.addOption(each);
  command.addOption(namespacesFlag());
  for (const each of verifyFlags()) command.addOption(each);
  command
    .addOption(storeFlag("alone"))
    .addOption(leaseFlag())
    .addOption(new Flag("--serve", "answer readers"))
    .addOption(listenFlag({ host: "127.0.0.1", port: DEFAULT_PORT }));
  for (const each of serverFlags()) command.addOption(each);
  for (const each of [...influxFlags(), ...canaryFlags(), ...nodeLeaseFlags()]) command.addOption(each);
  for (const each of [healthListenFlag(), ...logFlags()]) command.addOption(each);
  command.addHelpText("after", EXAMPLES);
  command.action(async (resources: readonly string[], options: MonitorCommandOptions) => {
    checkResourceNames(resources);
    if (options.serve !== true) {
      refuseIdleFlags(command, SERVER_OPTIONS, "without --serve", "Add --serve, or leave it out.");
    }
    if (!isShared(options.store)) {
      const mend = "Leave it out: only over Redis can another process take over.";
      refuseIdleFlags(command, ["lease"], "with a store that belongs to one process", mend);
    }
    if (options.influxUrl === undefined)
      refuseIdleFlags(command, INFLUX_DETAILS, "without --influx-url", "Add --influx-url, or leave it out.");
    if (options.canary === undefined)
      refuseIdleFlags(command, ["canaryLease"], "without --canary", "Add --canary 10s, or leave it out.");
    await checkInfluxFlags(options);
    const { runMonitor } = await import("./run-monitor.ts");
    await endsWell(runMonitor(resources, options, io), io.signal);
  });
}
