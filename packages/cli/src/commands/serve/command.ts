import { DEFAULT_PORT } from "@krm/protocol";
import type { Command } from "commander";
import { UsageError } from "../../errors/usage-error.ts";
import { listenFlag, logLevelFlag, serverFlags, storeFlag } from "../../options/common-flags.ts";
import type { StoreChoice } from "../../options/store-url.ts";

const NOTE = `
The store must be one that a krm monitor in another process writes to. memory: is not: it belongs to one process, so
read it with krm monitor --serve. No other store is supported yet.`;

/** Adds `krm serve`. */
export function addServe(program: Command): void {
  const command = program
    .command("serve")
    .usage("--store URL [OPTIONS]")
    .summary("serve what monitors in other processes keep in a store")
    .description("Answers readers from a store that monitors in other processes write to.")
    .addOption(storeFlag())
    .addOption(listenFlag({ host: "127.0.0.1", port: DEFAULT_PORT }));
  for (const each of serverFlags()) command.addOption(each);
  command.addOption(logLevelFlag()).addHelpText("after", NOTE);
  command.action((options: { readonly store?: StoreChoice }) => {
    if (options.store === undefined) {
      throw new UsageError("serve needs --store URL", "To watch and serve in one process: krm monitor --serve.");
    }
    throw new UsageError(
      "--store: memory: belongs to one process, so there is nothing in it to serve from another",
      "To watch and serve in one process: krm monitor --serve.",
    );
  });
}
