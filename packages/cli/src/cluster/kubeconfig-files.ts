import { delimiter } from "node:path";
import type { CliIo } from "../io.ts";

/**
 * Which kubeconfig files to read, by kubectl's rules: the one that was named, else those of `KUBECONFIG`. Undefined:
 * wherever the standard place is.
 */
export function kubeconfigFiles(
  named: string | undefined,
  inCluster: boolean | undefined,
  env: CliIo["env"],
): string | readonly string[] | undefined {
  if (named !== undefined || inCluster === true) return named;
  const files = (env["KUBECONFIG"] ?? "").split(delimiter).filter((file) => file !== "");
  return files.length > 1 ? files : files[0];
}
