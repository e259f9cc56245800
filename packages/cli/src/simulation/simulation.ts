import { systemClock } from "@krm/core";
import { Churn, FaultPlan, type FaultSpec, generateClusterInTurns, SimApiServer, SimCluster } from "@krm/testkit";
import { compactNowAndThen } from "./compaction.ts";

/** What is simulated. */
export interface SimulationOptions {
  readonly pods: number;
  /** Undefined: what fits the pods. */
  readonly nodes?: number | undefined;
  /** Changes per second. */
  readonly churn: number;
  readonly seed: number;
  readonly faults: FaultSpec;
  /** How far the cluster's own clock is ahead, in milliseconds; below 0: behind. Default: 0. */
  readonly clockOffsetMs?: number | undefined;
  /** Kubelets renew the leases of their nodes, beside the changes. Default: false. */
  readonly nodeLeases?: boolean | undefined;
  readonly listen: { readonly host: string; readonly port: number };
  /** Ends the start, however large the cluster is. */
  readonly signal: AbortSignal;
  /** Changes and faults end this long after the start, in milliseconds. */
  readonly quietAfterMs?: number | undefined;
  /** Called then. */
  readonly onQuiet?: (() => void) | undefined;
  /** Called with the cluster before it changes and before anyone can reach it. */
  readonly onCluster?: ((cluster: SimCluster) => void) | undefined;
}

/** A simulated cluster that is served and changes. */
export interface Simulation extends AsyncDisposable {
  readonly cluster: SimCluster;
  readonly server: SimApiServer;
  /** Rejects when the simulation fails. */
  readonly done: Promise<void>;
}

/**
 * Starts a simulated cluster behind a simulated API server. Dispose it to end all.
 *
 * @throws KrmError `KRM_LISTEN`; the reason of `options.signal`
 */
export async function startSimulation(options: SimulationOptions): Promise<Simulation> {
  const { pods, nodes, churn: eventsPerSecond, seed, clockOffsetMs, nodeLeases, quietAfterMs } = options;
  const clock = systemClock;
  const cluster = new SimCluster({ clock, seed, clockOffsetMs });
  const server = new SimApiServer({ cluster, seed });
  const stop = new AbortController();
  const { signal } = stop;
  // The address first: a port in use should be known before the work begins. Nobody knows the address yet.
  await server.listen(options.listen);
  try {
    await generateClusterInTurns(cluster, { pods, nodes, seed, signal: options.signal });
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  // History begins here: no fault goes back to a cluster that was half made.
  cluster.compact();
  server.faults = new FaultPlan(options.faults, seed);
  options.onCluster?.(cluster);
  const churn = new Churn({
    cluster,
    seed,
    eventsPerSecond,
    nodeLeases,
    ...(quietAfterMs === undefined ? {} : { quietAfter: quietAfterMs }),
  });
  const calmDown = async (): Promise<void> => {
    if (quietAfterMs === undefined) return;
    try {
      await clock.sleep(quietAfterMs, { signal });
    } catch {
      return;
    }
    server.faults = undefined;
    // Open watches keep the faults with which they began.
    server.dropConnections();
    options.onQuiet?.();
  };
  const done = Promise.all([churn.run({ signal }), compactNowAndThen(cluster, clock, signal), calmDown()]).then(
    () => {},
  );
  // Whoever awaits `done` gets the failure; until then it must not count as unhandled.
  done.catch(() => {});
  return {
    cluster,
    server,
    done,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.allSettled([done, server[Symbol.asyncDispose]()]);
      churn[Symbol.dispose]();
    },
  };
}
