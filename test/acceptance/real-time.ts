/**
 * The acceptance run, in real time and over HTTPS, with the programs that users run:
 *
 *     npm run acceptance -- [--minutes 10] [--pods 500] [--churn 20] [--faults SPEC] [--seed 1]
 *
 * `krm simulate` churns and fails for so many minutes and then keeps still; `krm monitor --serve` watches it twice, all
 * namespaces and two named ones. Then every kind that KRM serves must equal the cluster, byte for byte. Beside them two
 * embedded Monitors are traced: the drift that they told must be the difference between their streams and the cluster's
 * recorded history, at each verified version.
 */
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import {
  DEFAULT_RESOURCES,
  type MergeInput,
  Monitor,
  NODES,
  PODS,
  scopeId,
  type StoredObject,
  type Verdict,
} from "@krm/core";
import { KubernetesSource, loadKubeConfig } from "@krm/kubernetes";
import { readHistory } from "@krm/testkit";
import { eventually, reasonOf } from "../support/eventually.ts";
import { type KrmProcess, startKrm, startServing } from "../support/krm-process.ts";
import { actualObjects, differingKeys, servedObjects } from "../support/served-view.ts";
import { oracleOf } from "./oracle-of-history.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    pods: { type: "string", default: "500" },
    churn: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    faults: {
      type: "string",
      default:
        "drop=0.01,delay=0.02:2s,dup=0.01,reorder=0.01,disconnect=30s,stall=2m,410=0.01,429=0.02,500=0.01,compact=1m,restart=3m",
    },
  },
});
const minutes = Number(values.minutes);
const folder = await mkdtemp(join(tmpdir(), "krm-acceptance-"));
const kubeconfig = join(folder, "kubeconfig");
const record = join(folder, "history.ndjson");
const say = (text: string): void => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);
const processes: KrmProcess[] = [];

/** Starts a program. */
function krm(args: readonly string[]): void {
  const started = startKrm(args);
  processes.push(started);
  void started.exit.then(() => say(`krm ${args[0]} ended: ${started.ended}`));
}

/** Starts `krm monitor --serve` on a port of the system's choice; resolves with where it listens. */
async function serveMonitor(...args: readonly string[]): Promise<string> {
  const all = ["monitor", "--serve", "--listen", "127.0.0.1:0", "--kubeconfig", kubeconfig, "--verify-every", "20s"];
  const serving = startServing([...all, ...args]);
  const { process, url } = await Promise.race([
    serving,
    sleep(30_000).then(() => Promise.reject(new Error("krm monitor does not listen"))),
  ]);
  processes.push(process);
  return url;
}

type Logged = { readonly input: MergeInput } | { readonly verdict: Verdict };
const log = new Map<Monitor, Map<string, Logged[]>>();

function traced(source: KubernetesSource, namespaces?: readonly string[]): Monitor {
  const entries = new Map<string, Logged[]>();
  const monitor = new Monitor({
    source,
    verifyEveryMs: 20_000,
    ...(namespaces === undefined ? {} : { namespaces }),
    trace: (scope, input, { verdicts }) => {
      const list = entries.get(scopeId(scope)) ?? [];
      entries.set(scopeId(scope), list);
      list.push({ input: withoutBodies(input) }, ...verdicts.map((verdict) => ({ verdict })));
    },
  });
  log.set(monitor, entries);
  return monitor.start();
}

/** Ten minutes of bodies are more than the check needs. */
function withoutBodies(input: MergeInput): MergeInput {
  if (input.type !== "observed") return input;
  const { key, uid, resourceVersion } = input.observation.object;
  return { ...input, observation: { ...input.observation, object: { key, uid, resourceVersion } as StoredObject } };
}

interface Served {
  readonly url: string;
  readonly namespaces: readonly string[] | undefined;
}

const failures: string[] = [];
try {
  say(
    `krm simulate: ${values.pods} pods, ${values.churn} events a second, ${values.faults}, quiet after ${minutes} min`,
  );
  const chosen = ["--pods", values.pods, "--churn", values.churn, "--seed", values.seed, "--faults", values.faults];
  const files = ["--record", record, "--write-kubeconfig", kubeconfig];
  krm(["simulate", "--listen", "127.0.0.1:0", ...chosen, "--quiet-after", `${minutes * 60}s`, ...files]);
  await eventually("the simulated cluster is there", 60, async () => (existsSync(kubeconfig) ? true : undefined));
  await using source = new KubernetesSource({ kubeConfig: loadKubeConfig({ file: kubeconfig }) });
  const namespaces = await eventually("its namespaces can be listed", 60, async () => {
    const pods = await actualObjects(source, { resource: PODS });
    const names = [...new Set([...pods.keys()].map((key) => key.split("/")[0] ?? ""))].toSorted();
    return names.length >= 2 ? names.slice(0, 2) : undefined;
  });
  say(`two namespaces: ${namespaces.join(", ")}`);

  const all: Served = { url: await serveMonitor(), namespaces: undefined };
  const two: Served = { url: await serveMonitor(...namespaces.flatMap((name) => ["-n", name])), namespaces };
  const monitors = [traced(source), traced(source, namespaces)];
  for (const monitor of monitors) await monitor.ready();
  say("both embedded monitors are synced");
  for (let minute = 1; minute <= minutes; minute++) {
    await sleep(60_000);
    say(`${minute} of ${minutes} min`);
  }
  await sleep(45_000);
  say("quiet: comparing");

  for (const view of [all, two])
    for (const resource of DEFAULT_RESOURCES) {
      const scopes =
        view.namespaces === undefined || resource === NODES
          ? [{ resource }]
          : view.namespaces.map((namespace) => ({ resource, namespace }));
      const what = `${resource.resource}${view.namespaces === undefined ? "" : ` in ${view.namespaces.join(" and ")}`}`;
      let different: string[] = [];
      try {
        const objects = await eventually(what, 60, async () => {
          const truth = new Map(
            (await Promise.all(scopes.map((scope) => actualObjects(source, scope)))).flatMap((map) => [...map]),
          );
          different = differingKeys(await servedObjects(view.url, resource), truth);
          return different.length === 0 ? truth.size : undefined;
        });
        say(`equal, byte for byte: ${objects} ${what}`);
      } catch (error) {
        failures.push(
          `${what}: ${different.length} objects differ, as ${different.slice(0, 3).join(", ")} (${reasonOf(error)})`,
        );
      }
    }

  for (const monitor of monitors) await monitor.stop();
  const history = readHistory(
    readFileSync(record, "utf8")
      .split("\n")
      .filter((line) => line !== ""),
  );
  for (const [monitor, entries] of log)
    for (const scope of monitor.scopes) {
      const oracle = oracleOf(history, scope);
      const results: Record<string, number> = {};
      for (const entry of entries.get(scopeId(scope)) ?? []) {
        if ("input" in entry) oracle.input(entry.input);
        else {
          oracle.verdict(entry.verdict);
          results[entry.verdict.result] = (results[entry.verdict.result] ?? 0) + 1;
        }
      }
      say(`drift of ${scopeId(scope)}: ${oracle.missed} missed events in ${JSON.stringify(results)}`);
      failures.push(...oracle.faults.map((fault) => `${scopeId(scope)}: ${fault}`));
    }
} catch (error) {
  failures.push(reasonOf(error));
} finally {
  for (const each of processes) await each.stop();
  await rm(folder, { recursive: true });
}
for (const failure of failures) console.log(`FAILED ${failure}`);
console.log(failures.length === 0 ? "accepted" : `not accepted: ${failures.length} failures`);
process.exitCode = failures.length === 0 ? 0 : 1;
