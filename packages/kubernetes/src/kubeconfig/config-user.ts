import { dirname, isAbsolute, join } from "node:path";
import type { Cluster, User } from "@kubernetes/client-node";

/** A user of a kubeconfig, with what client-node does not read. */
export interface ConfigUser extends User {
  /** `as-groups` */
  readonly impersonateGroups?: readonly string[];
  /** `as-uid` */
  readonly impersonateUid?: string;
  /** `as-user-extra` */
  readonly impersonateExtra?: Readonly<Record<string, readonly string[]>>;
}

/** The `user` of an entry of `users`, as it stands in the file; nothing about it is certain. */
interface RawUser {
  readonly tokenFile?: unknown;
  readonly "as-groups"?: unknown;
  readonly "as-uid"?: unknown;
  readonly "as-user-extra"?: unknown;
}

/** What client-node leaves out of a user, read from the file itself. Paths are relative to the file's folder. */
export function completeUser(user: User, raw: unknown, file: string, clusterOf: () => Cluster | undefined): ConfigUser {
  const { tokenFile, ...rest } = (raw ?? {}) as RawUser;
  const folder = dirname(file);
  return {
    ...user,
    // Read again once a minute, as client-go does: a static token would be the one of the start for ever.
    ...(typeof tokenFile === "string" && {
      authProvider: { name: "tokenFile", config: { tokenFile: absolute(folder, tokenFile) } },
      token: undefined,
    }),
    ...(user.exec && { exec: completeExec(user.exec as ExecConfig, folder, clusterOf) }),
    ...(Array.isArray(rest["as-groups"]) && { impersonateGroups: rest["as-groups"].map(String) }),
    ...(typeof rest["as-uid"] === "string" && { impersonateUid: rest["as-uid"] }),
    ...(typeof rest["as-user-extra"] === "object" &&
      rest["as-user-extra"] !== null && {
        impersonateExtra: rest["as-user-extra"] as Record<string, readonly string[]>,
      }),
  };
}

/** The headers that impersonate, beyond `Impersonate-User`. */
export function impersonationHeaders(user: ConfigUser): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  if (user.impersonateUid !== undefined) headers["impersonate-uid"] = user.impersonateUid;
  if (user.impersonateGroups !== undefined) headers["impersonate-group"] = [...user.impersonateGroups];
  for (const [name, values] of Object.entries(user.impersonateExtra ?? {})) {
    headers[`impersonate-extra-${encodeURIComponent(name.toLowerCase())}`] = values.map(String);
  }
  return headers;
}

interface ExecConfig {
  readonly apiVersion?: string;
  readonly command?: string;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly provideClusterInfo?: boolean;
}

/** Plugins are told what they are asked for, and are found, as by client-go (KEP-541). */
function completeExec(exec: ExecConfig, folder: string, clusterOf: () => Cluster | undefined): ExecConfig {
  const cluster = exec.provideClusterInfo === true ? clusterOf() : undefined;
  const info = {
    kind: "ExecCredential",
    apiVersion: exec.apiVersion,
    spec: {
      interactive: false,
      ...(cluster !== undefined && {
        cluster: {
          server: cluster.server,
          "tls-server-name": cluster.tlsServerName,
          "insecure-skip-tls-verify": cluster.skipTLSVerify || undefined,
          "certificate-authority-data": cluster.caData,
          "proxy-url": cluster.proxyUrl,
        },
      }),
    },
  };
  const env = (exec.env ?? []).filter(({ name }) => name !== "KUBERNETES_EXEC_INFO");
  const command =
    exec.command !== undefined && /[\\/]/.test(exec.command) ? absolute(folder, exec.command) : exec.command;
  return {
    ...exec,
    command,
    env: [...env, { name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(info) }],
  };
}

function absolute(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}
