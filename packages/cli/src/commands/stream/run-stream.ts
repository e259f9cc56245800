import { openSources } from "../../cluster/cluster-sources.ts";
import type { CliIo } from "../../io.ts";
import { commandLogger } from "../../logging/command-logger.ts";
import { roleLogger } from "../../logging/role-logger.ts";
import { clusterRole } from "../../roles/cluster-role.ts";
import { runRole } from "../../roles/run-role.ts";
import { streamScope } from "../../roles/scope-role.ts";
import type { StreamOptions } from "./command.ts";

/** Streams one resource until it is told to end. */
export async function runStream(resource: string, options: StreamOptions, io: CliIo): Promise<void> {
  const logger = roleLogger(commandLogger(io, options), "streamer");
  await using sources = openSources(options, io.env, logger);
  logger.info({ ...sources.about, store: options.store.shown }, `streaming ${resource}`);
  await runRole({ role: "streamer", ...clusterRole(resource, sources, logger, streamScope) }, options, io, logger);
}
