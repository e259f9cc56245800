import { systemClock } from "@krm/core";
import type { CliIo } from "../../io.ts";
import { commandLogger } from "../../logging/command-logger.ts";
import { roleLogger } from "../../logging/role-logger.ts";
import { resourceInStore } from "../../roles/resource-in-store.ts";
import type { RoleCommandOptions } from "../../roles/role-command.ts";
import { runRole } from "../../roles/run-role.ts";
import { mergeScope } from "../../roles/scope-role.ts";

/** Merges one resource until it is told to end. */
export async function runMerge(resource: string, options: RoleCommandOptions, io: CliIo): Promise<void> {
  const logger = roleLogger(commandLogger(io, options), "merger");
  logger.info({ store: options.store.shown }, `merging ${resource}`);
  await runRole(
    {
      role: "merger",
      resource,
      find: async (store, signal) => resourceInStore(resource, store, { logger, clock: systemClock, signal }),
      make: mergeScope,
    },
    options,
    io,
    logger,
  );
}
