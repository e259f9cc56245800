import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ResourceType, resourceName } from "@krm/core";
import { KubernetesSource, loadKubeConfig } from "@krm/kubernetes";
import { SeededRandom } from "@krm/testkit";
import { eventually, reasonOf } from "../support/eventually.ts";
import { startKrm } from "../support/krm-process.ts";
import { actualObjects, differingKeys, servedObjects } from "../support/served-view.ts";
import type { ChaosRedis } from "./chaos-redis.ts";
import { Supervised } from "./supervised.ts";

/** What a chaos run is told. */
export interface ChaosOptions {
  readonly seed: number;
  /** How long things break. */
  readonly seconds: number;
  readonly resources: readonly ResourceType[];
  readonly pods: number;
  /** Changes of the cluster per second. */
  readonly churn: number;
  /** What the API server does wrong, as `krm simulate --faults` takes it. */
  readonly faults: string;
  readonly redis: ChaosRedis;
  /** The mean time between two faults, in milliseconds. */
  readonly everyMs: number;
  readonly say: (line: string) => void;
}

/** What one process came to. */
export interface ProcessRow {
  readonly name: string;
  readonly starts: number;
  readonly kills: number;
  readonly peakMib: number;
  /** Why it ended although nobody killed it. */
  readonly failures: readonly string[];
}

/** What a chaos run came to. */
export interface ChaosOutcome {
  readonly processes: readonly ProcessRow[];
  /** How often each fault was made. */
  readonly faults: ReadonlyMap<string, number>;
  /** Objects that both servers served as the cluster has them, by resource. */
  readonly equal: ReadonlyMap<string, number>;
  /** How long after the cluster kept still both were equal, in seconds. */
  readonly recoveredSeconds: number;
  /** Redis' memory at the end, in MiB. */
  readonly redisMib: number;
  /** What is wrong; empty: nothing. */
  readonly problems: readonly string[];
}

/** About how long the processes take to start, in seconds: the cluster goes on changing until the last fault. */
const START_SECONDS = 10;

/** How long after the last fault the cluster keeps still, in milliseconds. */
const QUIET_AFTER_MS = 15_000;

/** How long after that everything must be right, in seconds. */
const RECOVERY_SECONDS = 90;

/** No process here has a reason to take more, whatever happens. In MiB. */
const MOST_MIB = 600;

/**
 * Runs a cluster that changes and fails, every role of every resource as a process (streamers and mergers twice, so that
 * one stands by) and two servers over one Redis, breaks them by seed, and then holds both servers against the cluster,
 * byte for byte.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const { seed, seconds, resources, redis, say } = options;
  const random = new SeededRandom(seed);
  const folder = await mkdtemp(join(tmpdir(), "krm-chaos-"));
  const kubeconfig = join(folder, "kubeconfig");
  const problems: string[] = [];
  const faults = new Map<string, number>();
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => rm(folder, { recursive: true, force: true }));

  const still = [
    "--quiet-after",
    `${seconds + START_SECONDS}s`,
    "--write-kubeconfig",
    kubeconfig,
    "--listen",
    "127.0.0.1:0",
  ];
  const cluster = ["--pods", String(options.pods), "--churn", String(options.churn), "--seed", String(seed)];
  const simulator = startKrm(["simulate", ...cluster, "--faults", options.faults, ...still]);
  stack.defer(async () => simulator.stop());
  await eventually("the simulated cluster is there", 60, async () => (existsSync(kubeconfig) ? true : undefined));
  const source = stack.use(new KubernetesSource({ kubeConfig: loadKubeConfig({ file: kubeconfig }) }));

  const store = ["--store", redis.url, "--log-level", "info"];
  const from = ["--kubeconfig", kubeconfig, "--lease", "2s"];
  const roles = resources.flatMap((resource) => {
    const name = resourceName(resource);
    const streamer = ["stream", name, ...from, ...store];
    const merger = ["merge", name, "--lease", "2s", ...store];
    return [
      new Supervised(`stream ${name}`, streamer),
      new Supervised(`stream ${name} (2)`, streamer),
      new Supervised(`verify ${name}`, ["verify", name, ...from, "--verify-every", "10s", ...store]),
      new Supervised(`merge ${name}`, merger),
      new Supervised(`merge ${name} (2)`, merger),
    ];
  });
  const urls: (string | undefined)[] = [undefined, undefined];
  const servers = [0, 1].map(
    (i) =>
      new Supervised(`serve (${i + 1})`, ["serve", "--listen", "127.0.0.1:0", ...store], (line) => {
        const url = /"url":"(https?:[^"]+)"/.exec(line)?.[1];
        if (url !== undefined) urls[i] = url;
      }),
  );
  const processes = [...roles, ...servers];
  for (const each of processes) stack.use(each);

  await eventually("both servers answer", 60, async () => {
    for (const [i] of servers.entries()) for (const resource of resources) await servedObjects(urls[i] ?? "", resource);
    return true;
  });
  say("both servers answer; now things break");

  const memory = new AbortController();
  const measuring = measure(processes, memory.signal);
  stack.defer(async () => {
    memory.abort();
    await measuring;
  });
  const count = (fault: string): void => void faults.set(fault, (faults.get(fault) ?? 0) + 1);
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    await sleep(random.integer(options.everyMs / 2, options.everyMs * 1.5));
    if (random.chance(0.6)) {
      const victim = random.pick(processes);
      if (victim.kill(random.integer(0, 1500))) count(`kill -9 of ${victim.name.split(" ")[0]}`);
      continue;
    }
    const fault = random.pick(redis.faults);
    count(fault.name);
    say(`redis: ${fault.name}`);
    await fault.make(random);
  }
  await redis.heal();
  say("nothing more breaks; waiting for the cluster to keep still");
  // Faults of the API server end with the cluster's changes.
  await sleep(QUIET_AFTER_MS);
  const quiet = performance.now();

  const equal = new Map<string, number>();
  for (const resource of resources) {
    let different: string[] = [];
    try {
      const objects = await eventually(resourceName(resource), RECOVERY_SECONDS, async () => {
        const truth = await actualObjects(source, { resource });
        for (const [i] of servers.entries()) {
          different = differingKeys(await servedObjects(urls[i] ?? "", resource), truth);
          if (different.length > 0) return undefined;
        }
        return truth.size;
      });
      equal.set(resourceName(resource), objects);
    } catch (error) {
      const named = different.slice(0, 3).join(", ");
      problems.push(`${resourceName(resource)}: ${different.length} objects differ (${named}): ${reasonOf(error)}`);
    }
  }
  const recoveredSeconds = (performance.now() - quiet) / 1000;
  const redisMib = await redis.usedMib();
  for (const { name, failures, peakMib, lines } of processes) {
    for (const failure of failures) problems.push(`${name} ended by itself: ${failure}`);
    if (peakMib > MOST_MIB) problems.push(`${name} took ${peakMib} MiB`);
    if (problems.length > 0) say(`${name}: ${lines.slice(-3).join("\n    ")}`);
  }
  if (simulator.ended !== undefined) problems.push(`krm simulate ended: ${simulator.ended}`);
  const rows = processes.map(({ name, starts, kills, peakMib, failures }) => ({
    name,
    starts,
    kills,
    peakMib,
    failures,
  }));
  return { processes: rows, faults, equal, recoveredSeconds, redisMib, problems };
}

/** Notes how much memory each process takes, each second, where the system tells. */
async function measure(processes: readonly Supervised[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const each of processes) {
      if (each.pid === undefined) continue;
      try {
        const kib = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${each.pid}/status`, "utf8"))?.[1] ?? 0);
        each.peakMib = Math.max(each.peakMib, Math.round(kib / 1024));
      } catch {
        // It has just ended, or this system has no /proc.
      }
    }
    await sleep(1000, undefined, { signal }).catch(() => {});
  }
}
