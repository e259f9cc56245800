import type { Command } from "commander";
import { UsageError } from "../../errors/usage-error.ts";
import type { CliIo } from "../../io.ts";
import { refuseIdleFlags } from "../../options/idle-flags.ts";
import { checkInfluxFlags, INFLUX_DETAILS, influxFlags, type InfluxFlagOptions } from "../../options/influx-flags.ts";
import type { HostPort } from "../../options/listen-address.ts";
import { logFlags, type LogOptions } from "../../options/log-flags.ts";
import { healthListenFlag } from "../../options/role-flags.ts";
import { REDIS_HELP, storeFlag } from "../../options/store-flag.ts";
import type { StoreChoice } from "../../options/store-url.ts";
import { endsWell } from "../../until-ended.ts";

/** What `krm metrics` was told. */
export interface MetricsOptions extends LogOptions, InfluxFlagOptions {
  readonly store: StoreChoice;
  readonly healthListen?: HostPort;
}

const EXAMPLES = `
It reads the change feeds that monitors write to the store, and nothing else: no cluster, no kubeconfig. For each event it
tells how late the watch brought it, by the times that the object carries: read minus creationTimestamp, minus the request
to delete, minus the newest managedFields time. For each resource it tells how fresh the view is, and what the stream had
missed. The store keeps how far it has come: stop it, or kill it, and it goes on there; no point is lost or doubled, as
long as the feed reaches back (4096 changes or 64 MiB a scope).

Examples:
  krm metrics --store redis://127.0.0.1:6379 --influx-url http://127.0.0.1:8086 --influx-db krm
  krm metrics --store redis://127.0.0.1:6379 --influx-url https://influx.example.com --influx-org acme \\
      --influx-bucket krm --influx-token-file /etc/krm/token --influx-tag cluster=eu-1
  krm metrics --store redis://127.0.0.1:6379 --health-listen 127.0.0.1:8080       for Prometheus alone

What it writes: streamed_data (a point for each event), krm_scope, krm_verification, krm_drift, krm_collector. docs/metrics.md has
every field, what it means, and what to do when it is bad; deploy/ has dashboards for Chronograf and Grafana, and alerts.

One of these is enough. A krm monitor can do the same by itself: krm monitor --influx-url …

The store is one that krm monitor, or krm stream, krm verify and krm merge, write to:
${REDIS_HELP}`;

/** Adds `krm metrics`. */
export function addMetrics(program: Command, io: CliIo): void {
  const command = program
    .command("metrics")
    .usage("--store URL [OPTIONS]")
    .summary("measure stream delay and drift, for InfluxDB and Prometheus")
    .description(
      "Measures how late the watches told of changes, and what they missed, from what monitors keep in a store.",
    )
    .addOption(storeFlag("measuring"));
  for (const each of influxFlags()) command.addOption(each);
  for (const each of [healthListenFlag(), ...logFlags()]) command.addOption(each);
  command.addHelpText("after", EXAMPLES);
  command.action(async (options: MetricsOptions & { readonly store: StoreChoice | undefined }) => {
    if (options.store === undefined) {
      throw new UsageError(
        "metrics needs --store URL",
        "For example: krm metrics --store redis://127.0.0.1:6379; or measure in the monitor itself: krm monitor --influx-url URL.",
      );
    }
    if (options.influxUrl === undefined) {
      refuseIdleFlags(command, INFLUX_DETAILS, "without --influx-url", "Add --influx-url, or leave it out.");
      if (options.healthListen === undefined) {
        throw new UsageError(
          "metrics would tell nobody what it measures",
          "Add --influx-url URL for InfluxDB, or --health-listen HOST:PORT for Prometheus, or both.",
        );
      }
    }
    await checkInfluxFlags(options);
    const { runMetrics } = await import("./run-metrics.ts");
    await endsWell(runMetrics(options, io), io.signal);
  });
}
