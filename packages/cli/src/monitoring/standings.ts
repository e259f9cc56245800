import { type Role, type Scope, scopeId, type Standing } from "@krm/core";
import type { Condition } from "./condition-news.ts";
import { scopeName } from "./scope-name.ts";

/** What is done to a scope by whoever has the role, or all of them. */
const DONE: Readonly<Record<Role | "all", string>> = {
  streamer: "streamed",
  verifier: "verified",
  merger: "merged",
  all: "monitored",
};

/** What is told of who has a role of a scope. That the store does not answer is told once for all, by itself. Pure. */
export function standingCondition(scope: Scope, role: Role | "all", standing: Standing | undefined): Condition {
  const id = `${scopeId(scope)} standing`;
  if (standing === undefined || standing === "waiting-for-store") return { id, key: undefined };
  const done = DONE[role];
  return {
    id,
    scope: scopeId(scope),
    name: scopeName(scope),
    key: standing,
    level: "info",
    text: standing === "holding" ? `${done} by this process` : `${done} by another process; this one stands by`,
    about: { standing, ...(role === "all" ? {} : { role }) },
  };
}

/** Who has the roles of some scopes, as it was last heard. */
export class Standings {
  readonly #scopes: readonly Scope[];
  readonly #role: Role | "all";
  readonly #now = new Map<string, Standing>();

  constructor(scopes: readonly Scope[], role: Role | "all") {
    this.#scopes = scopes;
    this.#role = role;
  }

  set(scope: Scope, standing: Standing): void {
    this.#now.set(scopeId(scope), standing);
  }

  conditions(): readonly Condition[] {
    return this.#scopes.map((scope) => standingCondition(scope, this.#role, this.#now.get(scopeId(scope))));
  }
}
