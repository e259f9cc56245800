import { Argument, type Command } from "commander";
import { UsageError } from "../errors/usage-error.ts";
import { namespacesFlag } from "../options/cluster-flags.ts";
import type { Flag } from "../options/flag.ts";
import type { HostPort } from "../options/listen-address.ts";
import { logFlags, type LogOptions } from "../options/log-flags.ts";
import { checkResourceNames } from "../options/resource-names.ts";
import { healthListenFlag, leaseFlag } from "../options/role-flags.ts";
import { REDIS_HELP, storeFlag } from "../options/store-flag.ts";
import type { StoreChoice } from "../options/store-url.ts";

/** What a command with one role was told. */
export interface RoleCommandOptions extends LogOptions {
  readonly store: StoreChoice;
  readonly namespace?: readonly string[];
  /** Milliseconds. */
  readonly lease?: number;
  readonly healthListen?: HostPort;
}

/** How a command with one role is called, and what its help says. */
export interface RoleCommandTexts {
  readonly name: "stream" | "verify" | "merge";
  readonly summary: string;
  readonly description: string;
  /** Ends up above what the help of all of them says. */
  readonly note: string;
}

/** Declares a command with one role: RESOURCE, flags of its own, and those that all such commands take. */
export function roleCommand(program: Command, texts: RoleCommandTexts, own: readonly Flag[]): Command {
  const command = program
    .command(texts.name)
    .usage("RESOURCE --store URL [OPTIONS]")
    .summary(texts.summary)
    .description(texts.description)
    .addArgument(new Argument("RESOURCE", "one resource: pods, deployments.apps, apps/v1/deployments"));
  for (const each of own) command.addOption(each);
  command
    .addOption(namespacesFlag())
    .addOption(storeFlag("one-role"))
    .addOption(leaseFlag())
    .addOption(healthListenFlag());
  for (const each of logFlags()) command.addOption(each);
  return command.addHelpText("after", `\n${texts.note}\n\n${POD}\n\n${HEALTH}\n\nStores:\n${REDIS_HELP}`);
}

/**
 * Refuses what no role can begin with.
 *
 * @throws UsageError
 */
export function checkRole(name: RoleCommandTexts["name"], resource: string, store: StoreChoice | undefined): void {
  checkResourceNames([resource]);
  if (store !== undefined) return;
  throw new UsageError(
    `${name} needs a store that the roles share`,
    `For example: krm ${name} ${resource} --store redis://127.0.0.1:6379; or run all roles in one process: krm monitor ${resource}.`,
  );
}

const POD = `A monitor pod has three containers for one resource, and readers ask servers, as many as it takes:
  krm stream pods --store redis://redis:6379     lists and watches; newest, may miss events
  krm verify pods --store redis://redis:6379     lists now and then; complete, but old
  krm merge pods --store redis://redis:6379      makes the view of both, repairs and counts what was missed
  krm serve --store redis://redis:6379           answers from the view

Start them in any order: each waits for what it needs. Kill any of them at any time: when it is back it goes on where it
was, and a gap that is left leads to a list of everything, and is counted. Start a second one of each to stand by: it
takes over as soon as the first gives its role back (SIGTERM), or within --lease when that was killed.`;

const HEALTH = `With --health-listen, for the kubelet and Prometheus:
  /livez     200 while the process and its loops go on; 503 where a restart would help
  /readyz    200 when the role of each scope is held or stood by for; else 503 with a line for each
  /metrics   how the role fares, without anything of the cluster's objects`;
