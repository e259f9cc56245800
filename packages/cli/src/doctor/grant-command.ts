import { resourceName, type Scope } from "@krm/core";
import { shellWord } from "../text/shell-word.ts";

/** What somebody is to be allowed. */
export interface Grant extends Scope {
  readonly verbs: readonly string[];
  /** One object alone. */
  readonly name?: string | undefined;
  /** As the API server calls them; undefined: not known. */
  readonly user: string | undefined;
}

/** The commands of kubectl, in one line, that allow it. */
export function grantCommand({ resource, namespace, verbs, name, user }: Grant): string {
  const role = `krm-${resourceName(resource)}`.replaceAll(/[^a-z0-9.-]/g, "-");
  const kind = namespace === undefined ? "cluster" : "";
  const where = namespace === undefined ? "" : ` -n ${shellWord(namespace)}`;
  const only = name === undefined ? "" : ` --resource-name=${shellWord(name)}`;
  const made = `kubectl create ${kind}role ${role}${where} --verb=${verbs.join(",")} --resource=${resourceName(resource)}${only}`;
  return `${made} && kubectl create ${kind}rolebinding ${role}${where} --${kind}role=${role} ${subject(user)}`;
}

/** The command that binds a ClusterRole which every cluster has. */
export function bindCommand(binding: string, clusterRole: string, user: string | undefined): string {
  return `kubectl create clusterrolebinding ${binding} --clusterrole=${clusterRole} ${subject(user)}`;
}

function subject(user: string | undefined): string {
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user ?? "");
  if (account !== null) return `--serviceaccount=${account[1]}:${account[2]}`;
  return `--user=${user === undefined ? "USER" : shellWord(user)}`;
}
