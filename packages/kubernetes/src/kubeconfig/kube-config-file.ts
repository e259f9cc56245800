import { readFileSync } from "node:fs";
import { type Cluster, type Context, KubeConfig, loadYaml } from "@kubernetes/client-node";
import { KrmError } from "@krm/core";
import { completeUser, type ConfigUser } from "./config-user.ts";

/** What one kubeconfig file says; paths in it are absolute. */
export interface KubeConfigFile {
  readonly clusters: readonly Cluster[];
  readonly users: readonly ConfigUser[];
  readonly contexts: readonly Context[];
  readonly currentContext: string | undefined;
}

/** @throws KrmError `KRM_INVALID_KUBECONFIG` for a file that is not there or is not a kubeconfig. */
export function readKubeConfigFile(path: string): KubeConfigFile {
  const config = new KubeConfig();
  const raw = attempt(path, "cannot be read", () => {
    const text = readFileSync(path, "utf8");
    const parsed: unknown = text.trim() === "" ? {} : loadYaml(text);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw new Error("it is not a mapping");
    return parsed as Record<string, unknown>;
  });
  attempt(path, "is not valid", () => {
    if (raw["kind"] !== undefined && raw["kind"] !== "Config") {
      throw new Error(`its kind is ${JSON.stringify(raw["kind"])}, not "Config"`);
    }
    if (Object.keys(raw).length > 0) config.loadFromFile(path);
  });
  const rawUsers = new Map<unknown, unknown>();
  if (Array.isArray(raw["users"])) {
    for (const entry of raw["users"] as { name?: unknown; user?: unknown }[]) rawUsers.set(entry.name, entry.user);
  }
  const users = config.users.map((user) =>
    completeUser(user, rawUsers.get(user.name), path, () => {
      const context = config.contexts.find((one) => one.user === user.name && one.name === config.currentContext);
      return config.clusters.find((cluster) => cluster.name === context?.cluster);
    }),
  );
  return { clusters: config.clusters, users, contexts: config.contexts, currentContext: config.currentContext };
}

function attempt<T>(path: string, what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    // YAML errors show the lines around, which may hold a token: only the first line, which says what and where.
    const [why] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
    throw new KrmError("KRM_INVALID_KUBECONFIG", `kubeconfig ${path} ${what}: ${why}`);
  }
}
