import type { ResourceType, Scope } from "@krm/core";
import type { KubernetesReviews } from "@krm/kubernetes";
import { scopeName } from "../../monitoring/scope-name.ts";
import type { Check } from "../check.ts";
import type { ClusterFacts } from "../cluster-facts.ts";
import { failed, type Finding, ok, warning } from "../finding.ts";
import { grantCommand } from "../grant-command.ts";
import { resourcesNamed } from "./resources.ts";

/** Verbs of reading that a command needs. */
export type ReadVerb = "get" | "list" | "watch";

/** What is to be read, and how. */
export interface Reading {
  readonly names: readonly string[];
  readonly verbs: readonly ReadVerb[];
  /** What of a resource: each namespace, or all of it. */
  readonly scopesOf: (resource: ResourceType) => readonly Scope[];
  /** What else is read, whatever was named. */
  readonly more: readonly Scope[];
}

/** Whether the user may read each scope in each way that is needed. */
export function permissionsCheck(facts: ClusterFacts, reading: Reading): Check {
  return {
    name: "permissions",
    after: ["resources"],
    async run(signal) {
      const { names, verbs, scopesOf, more } = reading;
      const resources = resourcesNamed(names, await facts.discovered({ signal }));
      const scopes = [...resources.flatMap(scopesOf), ...more];
      const { reviews } = facts;
      const user = (await facts.identity({ signal }))?.user;
      const findings = scopes.map(async (scope) => {
        const missing = await missingVerbs(reviews, scope, verbs, signal);
        return judgeVerbs(scope, verbs, missing, user);
      });
      return Promise.all(findings);
    },
  };
}

async function missingVerbs(
  reviews: KubernetesReviews,
  { resource: type, namespace = "" }: Scope,
  verbs: readonly ReadVerb[],
  signal: AbortSignal,
): Promise<readonly ReadVerb[]> {
  const { group, version, resource } = type;
  const what = { type: "resource", group, version, resource, namespace, subresource: "", name: "" } as const;
  const allowed = await Promise.all(
    verbs.map(async (verb) => (await reviews.reviewOwnAccess({ ...what, verb }, { signal })).allowed),
  );
  return verbs.filter((_, index) => allowed[index] !== true);
}

/** Pure. Without `get`, lists are believed as they are; without the others there is nothing. */
export function judgeVerbs(
  scope: Scope,
  verbs: readonly ReadVerb[],
  missing: readonly ReadVerb[],
  user: string | undefined,
): Finding {
  const subject = scopeName(scope);
  if (missing.length === 0) return ok(`may ${verbs.join(", ")}`, subject);
  const mend = grantCommand({ ...scope, verbs, user });
  const found = `may not ${missing.join(", ")}`;
  if (missing.every((verb) => verb === "get")) {
    return warning(`${found}: what a list shows is not confirmed by name`, mend, subject);
  }
  return failed(found, mend, subject);
}
