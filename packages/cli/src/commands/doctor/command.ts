import { Argument, type Command } from "commander";
import { UsageError } from "../../errors/usage-error.ts";
import type { CliIo } from "../../io.ts";
import { CheckFailed } from "../../errors/check-failed.ts";
import { canaryFlags, type CanaryFlagOptions } from "../../options/canary-flags.ts";
import { clusterFlags, type ClusterOptions, namespacesFlag } from "../../options/cluster-flags.ts";
import { type ServerFlagOptions, serverFlags } from "../../options/common-flags.ts";
import { durationBetween } from "../../options/duration.ts";
import { flag } from "../../options/flag.ts";
import { refuseIdleFlags } from "../../options/idle-flags.ts";
import { checkInfluxFlags, INFLUX_DETAILS, influxFlags, type InfluxFlagOptions } from "../../options/influx-flags.ts";
import { type HostPort, parseHostPort } from "../../options/listen-address.ts";
import { logFlags, type LogOptions } from "../../options/log-flags.ts";
import { oneOf } from "../../options/names.ts";
import { nodeLeaseFlags, type NodeLeaseFlagOptions } from "../../options/node-lease-flags.ts";
import { checkResourceNames } from "../../options/resource-names.ts";
import { healthListenFlag } from "../../options/role-flags.ts";
import { parseServerUrl } from "../../options/server-url.ts";
import { storeFlag, storeRefusal, STORES_HELP, type StoreUse } from "../../options/store-flag.ts";
import type { StoreChoice } from "../../options/store-url.ts";
import { asksCluster } from "../../doctor/asks-cluster.ts";
import { type Purpose, PURPOSES } from "../../doctor/purpose.ts";
import { idleOptions, usedOptions } from "../../doctor/used-options.ts";

/** How `krm doctor` writes what it found. */
const DOCTOR_OUTPUTS = ["table", "json", "yaml"] as const;

/** What `krm doctor` was told. */
export interface DoctorOptions
  extends
    LogOptions,
    ClusterOptions,
    Omit<ServerFlagOptions, "listen">,
    InfluxFlagOptions,
    CanaryFlagOptions,
    NodeLeaseFlagOptions {
  readonly for: Purpose;
  readonly namespace?: readonly string[];
  readonly store?: StoreChoice;
  readonly listen?: HostPort;
  readonly healthListen?: HostPort;
  readonly server?: string;
  readonly tokenFile?: string;
  /** Milliseconds. */
  readonly wait?: number;
  readonly output: (typeof DOCTOR_OUTPUTS)[number];
}

const EXAMPLES = `
It takes those flags (and KRM_… variables) of the command that is to run which name something outside of it: the cluster,
namespaces, the store, how readers are served, what is measured; so not --serve, --lease and --verify-…. It looks at what
the command would need, and says for everything that is not ok what to do about it:

  kubeconfig      it, or the pod's service account, can be read; its certificate has not expired
  API server      reached, its certificate trusted, its version, and who it takes us for
  clock           its clock against ours
  resources       it serves each RESOURCE
  permissions     get, list and watch, in each namespace that was named (SelfSubjectAccessReview)
  token reviews   with --auth tokenreview: may it be asked about readers
  canary          with --canary: may its Lease be written
  store           with --store: reached, may be written, its format; of Redis also who holds its roles, and what it may lose
  InfluxDB        with --influx-url: reached, may be written
  files           certificates, tokens and logs that flags name
  listen          with --listen, --health-listen: is the port free
  server          with --server: a KRM server, and how far its answers can be trusted

No role is taken, no point and no file is written. That a store may be written is found out by writing: in Redis a key
PREFIX:doctor, which is gone after a second; in PostgreSQL a record that is taken away at once, in the table krm, which is made
where it does not exist.

Each check has ten seconds, and none waits for another that it does not need. Exit code: 0 when nothing failed (warnings may be
there), 1 when something did, 2 for a wrong command line.

Examples:
  krm doctor                                              the six resources, by the kubeconfig that kubectl would use
  krm doctor pods deployments.apps -n team-a -n team-b
  krm doctor --store redis://127.0.0.1:6379 --output json
  krm doctor --for merge --store redis://redis:6379       what one role needs: merge asks no cluster
  krm doctor --for serve --store redis://redis:6379 --auth tokenreview --listen 0.0.0.0:8003
  krm doctor pods --for stream --in-cluster --store redis://redis:6379 --wait 2m      as an init container
  krm doctor --influx-url http://127.0.0.1:8086 --influx-db krm --canary 10s

${STORES_HELP}`;

/** Adds `krm doctor`. */
export function addDoctor(program: Command, io: CliIo): void {
  const command = program
    .command("doctor")
    .usage("[RESOURCE...] [OPTIONS]")
    .summary("check what KRM needs, and say what to mend")
    .description("Checks kubeconfig, rights, store, clocks and what else flags name, and says what to mend.")
    .addArgument(new Argument("[RESOURCE...]", "what is to be watched"))
    .addOption(
      flag("--for <COMMAND>", `check what this command needs: ${PURPOSES.join(", ")}`, {
        ...oneOf(PURPOSES),
        default: "monitor",
      }),
    );
  for (const each of clusterFlags()) command.addOption(each);
  command.addOption(namespacesFlag()).addOption(storeFlag("checked"));
  command.addOption(flag("--listen <HOST:PORT>", "where readers are to be served", { parse: parseHostPort }));
  for (const each of serverFlags()) command.addOption(each);
  for (const each of [...influxFlags(), ...canaryFlags(), ...nodeLeaseFlags()]) command.addOption(each);
  command
    .addOption(healthListenFlag())
    .addOption(flag("--server <URL>", "a KRM server to look at", { parse: parseServerUrl }))
    .addOption(flag("--token-file <FILE>", "a file with the token that the server asks for"))
    .addOption(
      flag("--wait <TIME>", "look again until nothing fails, for so long at most, as an init container does", {
        parse: durationBetween({ min: 1000, max: 86_400_000 }),
      }),
    )
    .addOption(
      flag("-o, --output <FORMAT>", `one of ${DOCTOR_OUTPUTS.join(", ")}`, {
        ...oneOf(DOCTOR_OUTPUTS),
        default: "table",
      }),
    );
  for (const each of logFlags()) command.addOption(each);
  command.addHelpText("after", EXAMPLES);
  command.action(async (resources: readonly string[], options: DoctorOptions) => {
    checkResourceNames(resources);
    const used = usedOptions(options);
    refuse(command, resources, used);
    await checkInfluxFlags(used);
    const { runDoctor } = await import("./run-doctor.ts");
    if (!(await runDoctor(resources, used, io))) throw new CheckFailed();
  });
}

const USES: Readonly<Record<Exclude<Purpose, "monitor">, StoreUse>> = {
  stream: "one-role",
  verify: "one-role",
  merge: "one-role",
  serve: "serving",
  metrics: "measuring",
};

/** What the command that is checked for would refuse, or do nothing with. */
function refuse(command: Command, resources: readonly string[], options: DoctorOptions): void {
  const purpose = options.for;
  const without = `with --for ${purpose}, which does not use it`;
  const mend = "Leave it out.";
  if (purpose !== "monitor") {
    if (options.store === undefined) {
      throw new UsageError(`${purpose} needs a store that processes share`, "Add --store redis://HOST:6379.");
    }
    const refusal = storeRefusal(options.store, USES[purpose]);
    if (refusal !== undefined) throw new UsageError(`--store: ${refusal}`);
  }
  refuseIdleFlags(command, idleOptions(purpose), without, mend);
  if (["serve", "metrics"].includes(purpose) && resources.length > 0) {
    throw new UsageError(`${purpose} takes no resources`, "It takes whatever monitors bring to the store.");
  }
  if (!asksCluster(options)) refuseIdleFlags(command, ["kubeconfig", "context", "inCluster"], without, mend);
  if (options.influxUrl === undefined)
    refuseIdleFlags(command, INFLUX_DETAILS, "without --influx-url", "Add --influx-url, or leave it out.");
  if (options.canary === undefined)
    refuseIdleFlags(command, ["canaryLease"], "without --canary", "Add --canary 10s, or leave it out.");
  if (options.server === undefined)
    refuseIdleFlags(command, ["tokenFile"], "without --server", "Add --server URL, or leave it out.");
}
