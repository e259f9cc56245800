import { openSources } from "../../cluster/cluster-sources.ts";
import type { CliIo } from "../../io.ts";
import { commandLogger } from "../../logging/command-logger.ts";
import { clusterRole } from "../../roles/cluster-role.ts";
import { runRole } from "../../roles/run-role.ts";
import { streamScope } from "../../roles/scope-role.ts";
import type { StreamOptions } from "./command.ts";

/** Streams one resource until it is told to end. */
export async function runStream(resource: string, options: StreamOptions, io: CliIo): Promise<void> {
  const logger = commandLogger(io, { level: options.logLevel, format: "auto" });
  await using sources = openSources(options, io.env, logger);
  logger.info({ resource, ...sources.about, store: options.store.shown }, "streaming");
  await runRole({ role: "streamer", ...clusterRole(resource, sources, logger, streamScope) }, options, io, logger);
}
