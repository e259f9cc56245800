import { type CallOptions, KrmError } from "@krm/core";
import type { KubernetesSource } from "./kubernetes-source.ts";

const PATH = "/version";

/**
 * The version that the API server calls itself: `v1.36.2`. Whoever may read discovery may ask for it, on most clusters
 * everybody.
 *
 * @throws KrmError as `ListWatch` does
 */
export async function serverVersion(source: KubernetesSource, { signal }: CallOptions = {}): Promise<string> {
  const { body } = await source.transport.read({ purpose: "get", path: PATH, signal });
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString("utf8"));
  } catch {
    // What is no JSON has no version either.
  }
  const version =
    typeof answer === "object" && answer !== null && "gitVersion" in answer ? answer.gitVersion : undefined;
  if (typeof version === "string" && version !== "") return version;
  throw new KrmError("KRM_DECODE", `${PATH} was answered without a version`, {
    hint: "is the server of the kubeconfig an API server, and not something in front of one?",
  });
}
