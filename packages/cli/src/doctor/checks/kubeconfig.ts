import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Cluster, KubeConfig, User } from "@kubernetes/client-node";
import { isLoopback } from "@krm/server";
import type { Check } from "../check.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { failed, type Finding, ok, warning } from "../finding.ts";
import { judgeExpiry } from "./certificate-expiry.ts";

/** A kubeconfig, or the pod's service account, that can be read and names a cluster and who asks it. */
export function kubeconfigCheck(facts: ClusterFacts, now: () => number): Check {
  return {
    name: "kubeconfig",
    after: [],
    run: async () => judge(facts.kubeConfig, now()),
  };
}

function judge(kubeConfig: KubeConfig, now: number): readonly Finding[] {
  const cluster = kubeConfig.getCurrentCluster();
  const user = kubeConfig.getCurrentUser();
  const where =
    cluster?.name === "inCluster"
      ? "the pod's service account"
      : `context ${JSON.stringify(kubeConfig.getCurrentContext())}`;
  const found = ok(`${where}: ${cluster?.server ?? "no server"}, ${credentialsText(user)}`);
  const certificate = clientCertificate(user);
  const expiry = certificate === undefined ? undefined : judgeExpiry("the client certificate", certificate, now);
  return [found, ...(expiry === undefined ? [] : [expiry]), ...judgeTls(cluster), ...judgeTokenFile(user)];
}

function credentialsText(user: User | null): string {
  if (user?.exec !== undefined && user.exec !== null) return `with the plugin ${String(commandOf(user.exec))}`;
  const provider = user?.authProvider as { readonly name?: string } | null | undefined;
  if (provider?.name === "tokenFile") return "with the token of a file";
  if ((user?.token ?? "") !== "") return "with a token";
  if (clientCertificate(user) !== undefined) return "with a client certificate";
  if ((user?.username ?? "") !== "") return "with a user and a password";
  return "without credentials";
}

function commandOf(exec: unknown): unknown {
  return typeof exec === "object" && exec !== null && "command" in exec ? exec.command : "of exec";
}

function judgeTokenFile(user: User | null): readonly Finding[] {
  const provider = user?.authProvider as
    | { readonly name?: string; readonly config?: { readonly tokenFile?: string } }
    | null
    | undefined;
  const file = provider?.name === "tokenFile" ? provider.config?.tokenFile : undefined;
  if (file === undefined) return [];
  const mend = "Give it a file that holds one token, and that this user may read.";
  try {
    return readFileSync(file, "utf8").trim() === "" ? [failed(`the token file ${file} is empty`, mend)] : [];
  } catch (error) {
    return [failed(`the token file ${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? "?"}`, mend)];
  }
}

function judgeTls(cluster: Cluster | null): readonly Finding[] {
  if (cluster === null || !URL.canParse(cluster.server)) return [];
  const { protocol, hostname } = new URL(cluster.server);
  if (cluster.skipTLSVerify) {
    return [
      warning(
        "insecure-skip-tls-verify: whoever stands between can be the API server",
        "Name its authority instead: certificate-authority-data of the cluster.",
      ),
    ];
  }
  if (protocol === "https:" || isLoopback(hostname)) return [];
  return [warning("plain http: whoever stands between reads along", "Write https: in the cluster's server.")];
}

/** Undefined: there is none, or it cannot be read, which the API server's answer tells. */
function clientCertificate(user: User | null): X509Certificate | undefined {
  const { certData, certFile } = user ?? {};
  try {
    if ((certData ?? "") !== "") return new X509Certificate(Buffer.from(certData ?? "", "base64"));
    if ((certFile ?? "") !== "") return new X509Certificate(readFileSync(certFile ?? ""));
  } catch {
    return undefined;
  }
  return undefined;
}
