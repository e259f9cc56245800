import { openSources } from "../../cluster/cluster-sources.ts";
import type { CliIo } from "../../io.ts";
import { commandLogger } from "../../logging/command-logger.ts";
import { roleLogger } from "../../logging/role-logger.ts";
import { clusterRole } from "../../roles/cluster-role.ts";
import { runRole } from "../../roles/run-role.ts";
import { verifyScope } from "../../roles/scope-role.ts";
import type { VerifyOptions } from "./command.ts";

/** Verifies one resource until it is told to end. */
export async function runVerify(resource: string, options: VerifyOptions, io: CliIo): Promise<void> {
  const logger = roleLogger(commandLogger(io, options), "verifier");
  await using sources = openSources(options, io.env, logger);
  logger.info({ ...sources.about, store: options.store.shown }, `verifying ${resource}`);
  const plan = clusterRole(resource, sources, logger, (scope, context) =>
    verifyScope(scope, context, { everyMs: options.verifyEvery, budgetPerHour: options.verifyBudget }),
  );
  await runRole({ role: "verifier", ...plan }, options, io, logger);
}
