import type { StatusBody } from "@krm/client";
import { tellError } from "../../errors/error-line.ts";
import { openClient } from "../../reading/open-client.ts";
import type { Check } from "../check.ts";
import { failed, type Finding, ok, warning } from "../finding.ts";

/** Which KRM server, and as whom. */
export interface ServerFacts {
  readonly server: string;
  readonly tokenFile?: string | undefined;
}

/** A KRM server: is it reached, is it ready, and how far can its answers be trusted. */
export function serverCheck({ server, tokenFile }: ServerFacts): Check {
  return {
    name: "server",
    after: [],
    async run(signal) {
      const client = openClient({ server, ...(tokenFile === undefined ? {} : { tokenFile }) });
      try {
        return judgeServer(server, await client.status({ signal }));
      } catch (error) {
        signal.throwIfAborted();
        const { message, hint } = tellError(error);
        return [failed(message, hint ?? "Start a server with krm serve --store URL, or name another with --server.")];
      }
    },
  };
}

/** Pure. What is not synced yet is no answer to readers; what is stale is one with a warning. */
export function judgeServer(url: string, { scopes }: Pick<StatusBody, "scopes">): readonly Finding[] {
  const mend = `See why: krm status --server ${url}`;
  if (scopes.length === 0) return [failed(`${url} serves nothing yet`, "Start a monitor on its store: krm monitor.")];
  const states = new Map<string, string[]>();
  for (const { name, namespace, state } of scopes) {
    const names = states.get(state) ?? [];
    states.set(state, names);
    names.push(namespace === undefined ? name : `${name} in ${namespace}`);
  }
  return [...states].map(([state, names]) => {
    const found = `${url}: ${names.join(", ")}: ${state}`;
    if (state === "synced") return ok(found);
    return state === "stale" || state === "snapshot-only" ? warning(found, mend) : failed(found, mend);
  });
}
