import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Cluster, type Context, KubeConfig } from "@kubernetes/client-node";
import { KrmError } from "@krm/core";
import { type KubeConfigFile, readKubeConfigFile } from "./kube-config-file.ts";
import type { ConfigUser } from "./config-user.ts";

const SERVICE_ACCOUNT_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/** Which cluster to talk to, and as whom. */
export interface LoadKubeConfigOptions {
  /**
   * The kubeconfig file, or several: then they are merged as kubectl merges them (of two entries with one name the first
   * counts; files that do not exist are passed over). Default: `~/.kube/config`; without that file, in a pod, the pod's
   * service account. `KUBECONFIG` is not looked at.
   */
  readonly file?: string | readonly string[] | undefined;
  /** The context to use. Default: the file's `current-context`. */
  readonly context?: string | undefined;
  /** Use the pod's service account, and look at no file. */
  readonly inCluster?: boolean | undefined;
}

/**
 * Loads a kubeconfig by kubectl's rules, with exactly one usable context in force.
 *
 * Beyond what client-node reads itself: `tokenFile` (read again as it rotates), groups, uid and extra of an impersonated
 * user, paths of plugins relative to the file, and `KUBERNETES_EXEC_INFO` for exec plugins.
 *
 * @throws KrmError `KRM_INVALID_KUBECONFIG`, naming the file, the context, what is missing, and the contexts there are.
 *
 * @example
 * const kubeConfig = loadKubeConfig({ context: "staging" });
 */
export function loadKubeConfig(options: LoadKubeConfigOptions = {}): KubeConfig {
  const { file, context, inCluster = false } = options;
  if (inCluster) {
    if (file === undefined && context === undefined) return loadInCluster();
    throw invalid("in-cluster configuration was asked for together with a kubeconfig file or context: choose one");
  }
  if (file !== undefined) return fromFiles(typeof file === "string" ? [file] : file, context);
  const standard = join(homedir(), ".kube", "config");
  if (existsSync(standard)) return fromFiles([standard], context);
  if (context === undefined && existsSync(SERVICE_ACCOUNT_TOKEN)) return loadInCluster();
  throw invalid(
    `there is no kubeconfig: ${standard} does not exist, and this is not a pod with a service account`,
    "name the file of the cluster's kubeconfig",
  );
}

function loadInCluster(): KubeConfig {
  if (!existsSync(SERVICE_ACCOUNT_TOKEN)) {
    throw invalid(
      `in-cluster configuration needs a service account token at ${SERVICE_ACCOUNT_TOKEN}, and there is none`,
      "run it in a pod whose service account token is mounted, or use a kubeconfig file",
    );
  }
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromCluster();
  const server = kubeConfig.getCurrentCluster()?.server ?? "";
  if (server.includes("undefined")) {
    throw invalid(
      "in-cluster configuration needs KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT in the environment",
    );
  }
  return kubeConfig;
}

function fromFiles(paths: readonly string[], wanted: string | undefined): KubeConfig {
  const present = paths.length === 1 ? paths : paths.filter((path) => existsSync(path));
  const named = paths.join(", ");
  if (present.length === 0) throw invalid(`none of these kubeconfig files exists: ${named}`);
  const files = present.map(readKubeConfigFile);
  const contexts = firstOfEachName(files.flatMap((file) => file.contexts));
  const clusters = firstOfEachName(files.flatMap((file) => file.clusters));
  const users = firstOfEachName(files.flatMap((file) => file.users));
  const context = chooseContext(present.join(", "), contexts, wanted ?? currentContext(files), wanted !== undefined);
  const where = `kubeconfig ${present.join(", ")}: context ${JSON.stringify(context.name)}`;
  const cluster = clusters.find(({ name }) => name === context.cluster);
  if (cluster === undefined) {
    throw invalid(
      `${where} names cluster ${JSON.stringify(context.cluster)}, which is not in the file${list("clusters", clusters)}`,
    );
  }
  checkServer(where, cluster);
  // A context may go without a user; client-node then forgets the cluster's CA too.
  const user = context.user === undefined ? { name: "" } : users.find(({ name }) => name === context.user);
  if (user === undefined) {
    throw invalid(
      `${where} names user ${JSON.stringify(context.user)}, which is not in the file${list("users", users)}`,
    );
  }
  checkFile(where, `certificate-authority of cluster ${JSON.stringify(cluster.name)}`, cluster.caFile);
  checkFile(where, `client-certificate of user ${JSON.stringify(user.name)}`, user.certFile);
  checkFile(where, `client-key of user ${JSON.stringify(user.name)}`, user.keyFile);
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    clusters,
    users: context.user === undefined ? [...users, user] : users,
    contexts: contexts.map((one) => (one.user === undefined ? { ...one, user: "" } : one)),
    currentContext: context.name,
  });
  return kubeConfig;
}

function currentContext(files: readonly KubeConfigFile[]): string | undefined {
  return files.map((file) => file.currentContext).find((name) => name !== undefined && name !== "");
}

function chooseContext(where: string, contexts: readonly Context[], name: string | undefined, asked: boolean): Context {
  if (name === undefined) {
    throw invalid(`kubeconfig ${where} has no current-context${list("contexts", contexts)}`, "choose a context");
  }
  const context = contexts.find((one) => one.name === name);
  if (context !== undefined) return context;
  const which = asked ? `context ${JSON.stringify(name)}` : `its current-context ${JSON.stringify(name)}`;
  throw invalid(
    `kubeconfig ${where}: ${which} is not in the file${list("contexts", contexts)}`,
    "choose one of its contexts",
  );
}

function checkServer(where: string, cluster: Cluster): void {
  const what = `${where}: server ${JSON.stringify(cluster.server)} of cluster ${JSON.stringify(cluster.name)}`;
  if (!URL.canParse(cluster.server)) throw invalid(`${what} is not a URL`);
  const { protocol } = new URL(cluster.server);
  if (protocol !== "https:" && protocol !== "http:") throw invalid(`${what} is neither https nor http`);
}

function checkFile(where: string, what: string, path: string | undefined): void {
  if (path === undefined || path === "") return;
  try {
    readFileSync(path);
  } catch (cause) {
    throw invalid(`${where}: ${what} cannot be read: ${(cause as Error).message}`, undefined, cause);
  }
}

function firstOfEachName<T extends { readonly name: string }>(entries: readonly T[]): T[] {
  const byName = new Map<string, T>();
  for (const entry of entries) if (!byName.has(entry.name)) byName.set(entry.name, entry);
  return [...byName.values()];
}

function list(kind: string, entries: readonly (Context | Cluster | ConfigUser)[]): string {
  return entries.length === 0
    ? `; it has no ${kind}`
    : `; it has the ${kind} ${entries.map(({ name }) => name).join(", ")}`;
}

function invalid(message: string, hint?: string, cause?: unknown): KrmError {
  return new KrmError("KRM_INVALID_KUBECONFIG", message, { hint, cause });
}
