import { NODES } from "@krm/core";
import { formatDuration } from "@krm/protocol";
import type { SimCluster } from "@krm/testkit";
import { shellWord } from "../../text/shell-word.ts";
import { krmCommand } from "../../text/krm-command.ts";
import type { SimulateOptions } from "./command.ts";

/** What `krm simulate` says once it serves. */
export function simulateText(at: {
  readonly url: string;
  readonly kubeconfig: string;
  readonly options: SimulateOptions;
  readonly cluster: SimCluster;
}): string {
  const { pods, churn, seed, faults, clockOffset, quietAfter, record } = at.options;
  const nodes = at.cluster.list(NODES).items.length;
  const file = shellWord(at.kubeconfig);
  const lines = [
    `A simulated Kubernetes API server at ${at.url}`,
    `  ${pods} pods on ${nodes} nodes, ${churn} changes per second, seed ${seed}`,
    ...(faults === "" ? [] : [`  faults: ${faults}`]),
    ...(clockOffset === 0 ? [] : [`  its clock: ${offset(clockOffset)}`]),
    ...(quietAfter === undefined ? [] : [`  quiet after ${formatDuration(quietAfter)}`]),
    ...(record === undefined ? [] : [`  history: ${record}`]),
    "",
    "Try:",
    `  kubectl --kubeconfig ${file} get pods -A`,
    `  ${krmCommand()} monitor --kubeconfig ${file} --serve`,
    "",
    "Ctrl-C ends it.",
  ];
  return `${lines.join("\n")}\n`;
}

function offset(ms: number): string {
  return `${formatDuration(Math.abs(ms))} ${ms < 0 ? "behind" : "ahead"}`;
}
