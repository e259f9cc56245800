import { NODES, PODS } from "@krm/core";
import { DEFAULT_PORT, formatDuration } from "@krm/protocol";
import type { SimCluster } from "@krm/testkit";
import { krmCommand } from "../../text/krm-command.ts";
import type { DemoOptions } from "./command.ts";

/** What `krm demo` says once there are answers to get. */
export function demoText(at: {
  readonly url: string;
  readonly options: DemoOptions;
  readonly cluster: SimCluster;
  readonly verifyEveryMs: number;
}): string {
  const { churn, pods } = at.options;
  const nodes = at.cluster.list(NODES).items.length;
  const krm = krmCommand();
  const server = at.url === `http://127.0.0.1:${DEFAULT_PORT}` ? "" : ` --server ${at.url}`;
  const [namespace, label] = anExample(at.cluster);
  const commands: readonly (readonly [command: string, meaning: string])[] = [
    [`curl '${at.url}/pods?limit=2'`, "a Kubernetes list"],
    ...(label === undefined ? [] : ([[`curl '${at.url}/pods?labelSelector=${label}'`, "by label"]] as const)),
    [`curl -i '${at.url}/nodes?limit=1'`, "its headers say how far to trust it"],
    [`curl '${at.url}/status'`, "how each resource is"],
    [`${krm} get pods${namespace === undefined ? "" : ` -n ${namespace}`}${server}`, "as kubectl prints it"],
    [`${krm} status${server}`, ""],
    [`kubectl -s ${at.url} get pods -A -w`, "kubectl reads from it, too"],
  ];
  const width = Math.max(...commands.map(([command]) => command.length));
  const lines = [
    "",
    `A simulated cluster of ${pods} pods on ${nodes} nodes, ${churn} changes per second, is served at ${at.url}`,
    "One event in a hundred never reaches the watch. Every verification, about each " +
      `${formatDuration(at.verifyEveryMs)}, finds what was missed (DRIFT) and repairs it.`,
    "",
    `Open ${at.url}/ in a browser, or try in another terminal:`,
    ...commands.map(([command, meaning]) => `  ${command.padEnd(width)}  ${meaning}`.trimEnd()),
    "",
    "Ctrl-C ends it.",
    "",
  ];
  return `${lines.join("\n")}\n`;
}

/** A namespace with pods, and a label that some of them have. */
function anExample(cluster: SimCluster): readonly [namespace: string | undefined, label: string | undefined] {
  const pod = cluster
    .list(PODS)
    .items.find(({ metadata }) => metadata.labels?.["app.kubernetes.io/name"] ?? metadata.labels?.["app"]);
  const labels = pod?.metadata.labels ?? {};
  const name = ["app.kubernetes.io/name", "app"].find((key) => labels[key] !== undefined);
  return [pod?.metadata.namespace, name === undefined ? undefined : `${name}=${labels[name]}`];
}
