import { Flag, flag, RepeatableFlag } from "./flag.ts";
import { parseNamespaces } from "./names.ts";

/** Which cluster, and as whom. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly inCluster?: boolean;
}

/** `--kubeconfig`, `--context`, `--in-cluster` */
export function clusterFlags(): readonly Flag[] {
  return [
    flag("--kubeconfig <FILE>", "how to reach the cluster"),
    flag("--context <NAME>", "the kubeconfig's context to use instead of its current one"),
    new Flag("--in-cluster", "use this pod's service account instead of a kubeconfig", {
      excludes: ["--kubeconfig", "--context"],
    }),
  ];
}

/** `--namespace` for what can look after several. */
export function namespacesFlag(): Flag {
  return new RepeatableFlag("-n, --namespace <NAME>", "only this namespace; may come several times", {
    parse: parseNamespaces,
  });
}
