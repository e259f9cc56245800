import { DEFAULT_RESOURCES, MemoryStore, Monitor, type Scope, systemClock } from "@krm/core";
import { loadKubeConfig } from "@krm/kubernetes";
import type { CliIo } from "../../io.ts";
import { refuseUnsafe, serveReaders } from "../../listening/serve-readers.ts";
import { commandLogger } from "../../logging/command-logger.ts";
import { lowered, quietLogger } from "../../monitoring/quiet-logger.ts";
import { tellNews } from "../../monitoring/tell-news.ts";
import { untilEnded } from "../../until-ended.ts";
import { openSources } from "./cluster-sources.ts";
import type { MonitorCommandOptions } from "./command.ts";
import { kubeconfigFiles } from "./kubeconfig-files.ts";
import { resolveResources } from "./resolve-resources.ts";

/** Monitors a cluster until it is told to end. */
export async function runMonitor(names: readonly string[], options: MonitorCommandOptions, io: CliIo): Promise<void> {
  const { context, inCluster, kubeconfig, namespace, verifyEvery, serve, logLevel } = options;
  if (serve === true) refuseUnsafe(options);
  const clock = systemClock;
  const { signal } = io;
  const logger = commandLogger(io, { level: logLevel, format: "auto" });
  const kubeConfig = loadKubeConfig({ file: kubeconfigFiles(kubeconfig, inCluster, io.env), context, inCluster });
  await using resources = new AsyncDisposableStack();
  const store = resources.use(new MemoryStore());
  const scopes: Scope[] = [];
  // Readers get 503 until there is an answer, also while the names are looked up.
  if (serve === true) resources.use(await serveReaders(store, scopes, options, logger));
  else logger.warn({}, "nobody can read what is monitored: the memory store belongs to this process. Add --serve.");
  // What a request meets is told by the states of the resources.
  const sources = resources.use(openSources(kubeConfig, lowered(logger, "warn")));
  const cluster = kubeConfig.getCurrentCluster()?.server;
  logger.info({ cluster, context: kubeConfig.getCurrentContext() }, "monitoring");
  const watched =
    names.length === 0 ? DEFAULT_RESOURCES : await resolveResources(names, sources.main, { logger, clock, signal });
  const monitor = resources.use(
    new Monitor({
      source: sources,
      store,
      resources: watched,
      verifyEveryMs: verifyEvery,
      logger: quietLogger(logger),
      ...(namespace === undefined ? {} : { namespaces: namespace }),
    }),
  );
  scopes.push(...monitor.scopes);
  monitor.start();
  const stop = new AbortController();
  const telling = tellNews(monitor, logger, clock, AbortSignal.any([signal, stop.signal]));
  resources.defer(async () => {
    stop.abort();
    await Promise.allSettled([telling]);
  });
  await untilEnded(signal, [monitor.done, telling]);
}
