import { DEFAULT_PORT } from "@krm/protocol";
import type { Command } from "commander";
import { UsageError } from "../../errors/usage-error.ts";
import type { CliIo } from "../../io.ts";
import {
  CLIENT_CA_HELP,
  AUDIT_LOG_HELP,
  FORWARD_HELP,
  LIMITS_HELP,
  listenFlag,
  type ServerFlagOptions,
  serverFlags,
  TOKEN_REVIEW_HELP,
} from "../../options/common-flags.ts";
import { clusterFlags, type ClusterOptions } from "../../options/cluster-flags.ts";
import { logFlags, type LogOptions } from "../../options/log-flags.ts";
import type { HostPort } from "../../options/listen-address.ts";
import { healthListenFlag } from "../../options/role-flags.ts";
import { refuseIdleFlags } from "../../options/idle-flags.ts";
import { REDIS_HELP, storeFlag } from "../../options/store-flag.ts";
import type { StoreChoice } from "../../options/store-url.ts";
import { endsWell } from "../../until-ended.ts";

/** What `krm serve` was told. */
export interface ServeOptions extends LogOptions, ServerFlagOptions, ClusterOptions {
  readonly store: StoreChoice;
  readonly healthListen?: HostPort;
}

const EXAMPLES = `
It follows the store and answers from a copy in its own memory, so that readers cost the store nothing: run as many as
the readers need. Whatever resources monitors bring to the store are served, as soon as they are there. While the store
is away it goes on with what it has, and says with every answer how old that is. /livez and /readyz are for the kubelet, /metrics for Prometheus;
where readers are asked who they are, --health-listen gives Prometheus an address that asks nobody, and has nothing for readers.

Examples:
  krm serve --store redis://127.0.0.1:6379
  krm serve --store redis://127.0.0.1:6379 --listen 0.0.0.0:8003 --auth static:/etc/krm/tokens
  krm serve --store redis://127.0.0.1:6379 --listen 0.0.0.0:8003 --auth tokenreview:krm --in-cluster --tls-cert tls.crt --tls-key tls.key
  krm serve --store redis://127.0.0.1:6379 --auth tokenreview --tls-cert tls.crt --tls-key tls.key --tls-client-ca clients.crt
  krm serve --store redis://127.0.0.1:6379 --max-list-size 64Mi --max-watches-per-user 200
  krm serve --store redis://127.0.0.1:6379 --audit-log /var/log/krm/audit.log
  krm serve --store redis://127.0.0.1:6379 --forward-uncached --auth tokenreview --tls-cert tls.crt --tls-key tls.key

${TOKEN_REVIEW_HELP}

${CLIENT_CA_HELP}

${FORWARD_HELP}
Only for these two is there a cluster: that of --kubeconfig and --context, else of KUBECONFIG, else of ~/.kube/config, else the
pod's own (--in-cluster insists on it).

${LIMITS_HELP}

${AUDIT_LOG_HELP}

The store is one that krm monitor, or krm stream, krm verify and krm merge, write to:
${REDIS_HELP}

What memory:, sqlite: and postgres: hold belongs to the process that writes it: krm monitor --serve --store sqlite:FILE.`;

/** Adds `krm serve`. */
export function addServe(program: Command, io: CliIo): void {
  const command = program
    .command("serve")
    .usage("--store URL [OPTIONS]")
    .summary("serve what monitors in other processes keep in a store")
    .description("Answers readers from a store that monitors in other processes write to.")
    .addOption(storeFlag("serving"))
    .addOption(listenFlag({ host: "127.0.0.1", port: DEFAULT_PORT }));
  for (const each of [...serverFlags(), healthListenFlag(), ...clusterFlags(), ...logFlags()]) command.addOption(each);
  command.addHelpText("after", EXAMPLES);
  command.action(async (options: ServeOptions & { readonly store: StoreChoice | undefined }) => {
    if (options.store === undefined) {
      throw new UsageError(
        "serve needs --store URL",
        "For example: krm serve --store redis://127.0.0.1:6379; or watch and serve in one process: krm monitor --serve.",
      );
    }
    if (options.auth?.type !== "tokenreview" && options.forwardUncached !== true) {
      const mend = "Add one of the two, or leave it out.";
      const when = "without --auth tokenreview or --forward-uncached";
      refuseIdleFlags(command, ["kubeconfig", "context", "inCluster"], when, mend);
    }
    const { runServe } = await import("./run-serve.ts");
    await endsWell(runServe(options, io), io.signal);
  });
}
