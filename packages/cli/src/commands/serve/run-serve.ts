import { ReplicaStore, scopeStatus, type ScopeStatus, systemClock } from "@krm/core";
import type { CliIo } from "../../io.ts";
import { refuseUnsafe, serveReaders } from "../../listening/serve-readers.ts";
import { commandLogger } from "../../logging/command-logger.ts";
import { FIRST_CONDITION, scopeCondition } from "../../monitoring/scope-news.ts";
import { tellChanges } from "../../monitoring/tell-news.ts";
import { openStore } from "../../stores/open-store.ts";
import { processMetrics } from "../../telemetry/process-metrics.ts";
import { untilEnded } from "../../until-ended.ts";
import type { ServeOptions } from "./command.ts";

/** Serves what a store holds until it is told to end. */
export async function runServe(options: ServeOptions, io: CliIo): Promise<void> {
  refuseUnsafe(options);
  const clock = systemClock;
  const logger = commandLogger(io, { level: options.logLevel, format: "auto" });
  await using resources = new AsyncDisposableStack();
  const store = resources.use(await openStore(options.store, { logger, clock, signal: io.signal }));
  const replica = resources.use(new ReplicaStore({ source: store, clock, logger }));
  const { registry } = resources.use(processMetrics([]));
  // Readers get 503 until there is an answer.
  resources.use(await serveReaders(replica, [], options, logger, registry));
  logger.info({ store: options.store.shown }, "serving");
  replica.start();
  const stop = new AbortController();
  const read = async (): Promise<readonly ScopeStatus[]> =>
    Promise.all((await replica.scopes()).map(async (scope) => scopeStatus(replica.scope(scope), clock.now())));
  const telling = tellChanges(async () => (await read()).map(scopeCondition), {
    logger,
    clock,
    signal: AbortSignal.any([io.signal, stop.signal]),
    before: FIRST_CONDITION,
  });
  resources.defer(async () => {
    stop.abort();
    await Promise.allSettled([telling]);
  });
  await untilEnded(io.signal, [replica.done, telling]);
}
