import { KubeConfig } from "@kubernetes/client-node";
import { MemoryStore, Monitor, ROLES, type Scope, systemClock } from "@krm/core";
import { KubernetesSource } from "@krm/kubernetes";
import {
  DelayMetrics,
  processMetrics,
  registerRoleMetrics,
  registerViewMetrics,
  storeMetrics,
} from "@krm/metrics/prometheus";
import { parseFaults } from "@krm/testkit";
import type { CliIo } from "../../io.ts";
import { refuseUnsafe } from "../../listening/refuse-unsafe.ts";
import { serveReaders } from "../../listening/serve-readers.ts";
import { commandLogger } from "../../logging/command-logger.ts";
import { MonitorBoard } from "../../monitoring/monitor-board.ts";
import { lowered, quietLogger } from "../../monitoring/quiet-logger.ts";
import { TableSource } from "../../monitoring/table-source.ts";
import { tellNews } from "../../monitoring/tell-news.ts";
import { startSimulation } from "../../simulation/simulation.ts";
import { observedStore } from "../../stores/observed-store.ts";
import { StoreHealth } from "../../stores/store-health.ts";
import { throwIfEnded, untilEnded } from "../../until-ended.ts";
import type { DemoOptions } from "./command.ts";
import { DemoDisplay } from "./display.ts";
import { demoText } from "./text.ts";

/** Short, so that one sees it happen. */
const VERIFY_EVERY_MS = 30_000;
/** One event in a hundred: without it there would be no drift to show. */
const DEMO_FAULTS = "drop=0.01";
/** What a verification finds must not push everything else off the screen. */
const MOST_MISSED = 5;

/** Runs the demonstration until it is told to end. */
export async function runDemo(options: DemoOptions, io: CliIo): Promise<void> {
  const { listen, pods, churn, seed, logLevel } = options;
  refuseUnsafe({ listen }, "The demonstration knows no users: listen on 127.0.0.1.");
  const clock = systemClock;
  const display = new DemoDisplay(io, clock);
  const logger = commandLogger(io, { logLevel, logFormat: "text" }, (line) => display.log(line));
  await using resources = new AsyncDisposableStack();
  resources.defer(() => display.end());
  const { registry, telemetry } = resources.use(processMetrics(ROLES));
  const storeHealth = new StoreHealth(logger, clock, storeMetrics(registry));
  const store = observedStore(resources.use(new MemoryStore()), storeHealth);
  const scopes: Scope[] = [];
  registerViewMetrics(registry, { store, scopes, clock });
  // First of all, since a port that is in use is the likeliest trouble. Readers get 503 until there is an answer.
  const serving = resources.use(await serveReaders(store, scopes, { listen }, lowered(logger, "info"), registry));
  logger.info({}, `simulating a cluster of ${pods} pods`);
  const simulation = resources.use(
    await startSimulation({
      pods,
      churn,
      seed,
      faults: parseFaults(DEMO_FAULTS),
      listen: { host: "127.0.0.1", port: 0 },
      signal: io.signal,
    }),
  );
  throwIfEnded(io.signal);
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromString(simulation.server.kubeconfig());
  const source = resources.use(new KubernetesSource({ kubeConfig, logger: lowered(logger, "warn") }));
  const monitor = resources.use(
    new Monitor({
      source,
      store,
      verifyEveryMs: VERIFY_EVERY_MS,
      logger: quietLogger(logger),
      telemetry,
    }),
  );
  const board = new MonitorBoard(storeHealth, clock);
  board.follow(monitor);
  registerRoleMetrics(registry, ROLES, board);
  scopes.push(...monitor.scopes);
  const delays = new DelayMetrics(registry);
  monitor.events.on("commit", (scope, { changes }) => delays.changes(scope, changes));
  monitor.start();
  await monitor.ready({ signal: io.signal });
  io.stdout.write(demoText({ url: serving.url, options, cluster: simulation.cluster, verifyEveryMs: VERIFY_EVERY_MS }));
  const stop = new AbortController();
  const signal = AbortSignal.any([io.signal, stop.signal]);
  const table = new TableSource(monitor, clock);
  const showing = display.show(async () => table.read(), signal);
  const telling = tellNews(monitor, { logger, clock, signal, shared: false, board, mostMissed: MOST_MISSED });
  resources.defer(async () => {
    stop.abort();
    await Promise.allSettled([showing, telling]);
  });
  await untilEnded(io.signal, [simulation.done, monitor.done, showing, telling]);
}
