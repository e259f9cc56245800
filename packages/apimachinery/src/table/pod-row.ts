import { at, integer, type Json, list, text } from "../object/json.ts";
import { age, type Cell, conditionStatus, name, orElse, type RowContext, since } from "./cells.ts";

/** What the containers of a pod add up to. */
interface Tally {
  reason: string;
  ready: number;
  restarts: number;
  /** Epoch milliseconds of the newest termination that led to a restart; `-Infinity`: none. */
  lastRestart: number;
}

/** A container that has restarted says when its last life ended. */
function lastTermination(status: Json): number {
  const finished = Date.parse(text(at(status, "lastState", "terminated", "finishedAt")));
  return Number.isNaN(finished) ? Number.NEGATIVE_INFINITY : finished;
}

function count(tally: Tally, status: Json): void {
  tally.restarts += integer(at(status, "restartCount"));
  tally.lastRestart = Math.max(tally.lastRestart, lastTermination(status));
}

/** Why a container ended, where no reason is given: its signal, or its exit code. */
function ending(terminated: Json): string {
  const signal = integer(at(terminated, "signal"));
  return (
    text(at(terminated, "reason")) ||
    (signal === 0 ? `ExitCode:${integer(at(terminated, "exitCode"))}` : `Signal:${signal}`)
  );
}

/** Names of the init containers that keep running beside the others (sidecars). */
function sidecarNames(pod: Json): ReadonlySet<string> {
  const sidecars = list(at(pod, "spec", "initContainers")).filter((entry) => at(entry, "restartPolicy") === "Always");
  return new Set(sidecars.map((entry) => text(at(entry, "name"))));
}

/**
 * Goes through the init containers up to the first that has not done its work. Returns whether there is such a one, and
 * what the sidecars alone add up to, which is what counts once the pod is initialized.
 */
function tallyInit(pod: Json, tally: Tally, sidecars: ReadonlySet<string>): { initializing: boolean; sidecar: Tally } {
  const sidecar: Tally = { reason: "", ready: 0, restarts: 0, lastRestart: Number.NEGATIVE_INFINITY };
  const total = list(at(pod, "spec", "initContainers")).length;
  for (const [index, status] of list(at(pod, "status", "initContainerStatuses")).entries()) {
    count(tally, status);
    const isSidecar = sidecars.has(text(at(status, "name")));
    if (isSidecar) count(sidecar, status);
    const terminated = at(status, "state", "terminated");
    if (terminated !== undefined && integer(at(terminated, "exitCode")) === 0) continue;
    if (isSidecar && at(status, "started") === true) {
      if (at(status, "ready") === true) tally.ready++;
      continue;
    }
    const waiting = text(at(status, "state", "waiting", "reason"));
    if (terminated !== undefined) tally.reason = `Init:${ending(terminated)}`;
    else if (waiting !== "" && waiting !== "PodInitializing") tally.reason = `Init:${waiting}`;
    else tally.reason = `Init:${index}/${total}`;
    return { initializing: true, sidecar };
  }
  return { initializing: false, sidecar };
}

/** Goes through the containers from the last to the first, so that the first one's reason is what shows. */
function tallyContainers(pod: Json, tally: Tally): void {
  let running = false;
  for (const status of list(at(pod, "status", "containerStatuses")).toReversed()) {
    count(tally, status);
    const waiting = text(at(status, "state", "waiting", "reason"));
    const terminated = at(status, "state", "terminated");
    if (waiting !== "") {
      tally.reason = waiting;
    } else if (terminated !== undefined) {
      tally.reason = ending(terminated);
    } else if (at(status, "ready") === true && at(status, "state", "running") !== undefined) {
      running = true;
      tally.ready++;
    }
  }
  if (tally.reason === "Completed" && running)
    tally.reason = conditionStatus(pod, "Ready") === "True" ? "Running" : "NotReady";
}

function isGated(pod: Json): boolean {
  return list(at(pod, "status", "conditions")).some(
    (condition) => at(condition, "type") === "PodScheduled" && at(condition, "reason") === "SchedulingGated",
  );
}

function tallyPod(pod: Json, sidecars: ReadonlySet<string>): Tally {
  const phase = text(at(pod, "status", "phase"));
  const reason = isGated(pod) ? "SchedulingGated" : orElse(at(pod, "status", "reason"), phase);
  const tally: Tally = { reason, ready: 0, restarts: 0, lastRestart: Number.NEGATIVE_INFINITY };
  const { initializing, sidecar } = tallyInit(pod, tally, sidecars);
  if (!initializing || conditionStatus(pod, "Initialized") === "True") {
    tally.restarts = sidecar.restarts;
    tally.lastRestart = sidecar.lastRestart;
    tallyContainers(pod, tally);
  }
  if (at(pod, "metadata", "deletionTimestamp") !== undefined) {
    if (at(pod, "status", "reason") === "NodeLost") tally.reason = "Unknown";
    else if (phase !== "Succeeded" && phase !== "Failed") tally.reason = "Terminating";
  }
  return tally;
}

function readinessGates(pod: Json): string {
  const gates = list(at(pod, "spec", "readinessGates"));
  if (gates.length === 0) return "<none>";
  const open = gates.filter((gate) => conditionStatus(pod, text(at(gate, "conditionType"))) === "True");
  return `${open.length}/${gates.length}`;
}

/** What kubectl says of a pod in its column STATUS: `Running`, `Init:0/2`, `CrashLoopBackOff`. Empty where nothing is known. */
export function podStatus(pod: Json): string {
  return tallyPod(pod, sidecarNames(pod)).reason;
}

/** NAME, READY, STATUS, RESTARTS, AGE, IP, NODE, NOMINATED NODE, READINESS GATES. */
export function podRow(pod: Json, context: RowContext): readonly Cell[] {
  const sidecars = sidecarNames(pod);
  const tally = tallyPod(pod, sidecars);
  const total = list(at(pod, "spec", "containers")).length + sidecars.size;
  const ago =
    tally.restarts !== 0 && Number.isFinite(tally.lastRestart)
      ? ` (${since(new Date(tally.lastRestart).toISOString(), context)} ago)`
      : "";
  return [
    name(pod),
    `${tally.ready}/${total}`,
    tally.reason,
    `${tally.restarts}${ago}`,
    age(pod, context),
    orElse(at(pod, "status", "podIPs", 0, "ip"), orElse(at(pod, "status", "podIP"), "<none>")),
    orElse(at(pod, "spec", "nodeName"), "<none>"),
    orElse(at(pod, "status", "nominatedNodeName"), "<none>"),
    readinessGates(pod),
  ];
}

/** A pod that has come to its end is said to have, so that kubectl can tell it apart. */
export function podRowConditions(pod: Json): readonly TableRowCondition[] | undefined {
  switch (text(at(pod, "status", "phase"))) {
    case "Succeeded":
      return [
        { type: "Completed", status: "True", reason: "Succeeded", message: "The pod has completed successfully." },
      ];
    case "Failed":
      return [{ type: "Completed", status: "True", reason: "Failed", message: "The pod failed." }];
    default:
      return undefined;
  }
}

/** A mark on a row: Kubernetes' TableRowCondition. */
export interface TableRowCondition {
  readonly type: "Completed";
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}
