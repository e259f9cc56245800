import { type ErrorReport, resourceName, type RolePhase, type ScopeState, type ScopeStatus, scopeId } from "@krm/core";
import { sentences } from "../errors/error-line.ts";
import { troubleKey } from "../errors/trouble-key.ts";

/** One line about scopes whose condition changed in the same way. */
export interface News {
  readonly level: "info" | "warn";
  readonly text: string;
  /** The same for programs that read the log. */
  readonly about: {
    readonly state: ScopeState;
    readonly scopes: readonly string[];
    /** Code of the error that is the reason. */
    readonly error?: string;
  };
}

/** What was told last, by scope. */
export type Told = ReadonlyMap<string, string>;

interface Condition {
  /** Two scopes with one key are told in one line; a scope is told again when its key changes. */
  readonly key: string;
  readonly level: News["level"];
  readonly text: string;
  readonly error?: ErrorReport | undefined;
}

interface Group {
  readonly condition: Condition;
  readonly state: ScopeState;
  readonly names: string[];
  readonly scopes: string[];
}

/**
 * What is new about scopes since it was told last. Pure. The first list of a healthy scope is news when it is complete,
 * not when it begins.
 */
export function newsOf(
  statuses: readonly ScopeStatus[],
  told: Told,
): { readonly news: readonly News[]; readonly told: Told } {
  const now = new Map<string, string>();
  const groups = new Map<string, Group>();
  for (const status of statuses) {
    const id = scopeId(status.scope);
    const condition = conditionOf(status);
    const before = told.get(id) ?? "syncing";
    // While it tries again, the error of the last try (or its hint) is not there: that alone is no change.
    const same = condition.key === before || before.startsWith(`${condition.key}/`);
    now.set(id, same ? before : condition.key);
    if (same) continue;
    const group: Group = groups.get(condition.key) ?? { condition, state: status.state, names: [], scopes: [] };
    group.names.push(condition.key === "synced" ? `${scopeName(status)} (${status.view.objects})` : scopeName(status));
    group.scopes.push(id);
    groups.set(condition.key, group);
  }
  const news = [...groups.values()].map(({ condition: { level, text, error }, state, names, scopes }) => ({
    level,
    text: `${names.join(", ")}: ${text}`,
    about: { state, scopes, ...(error === undefined ? {} : { error: error.code }) },
  }));
  return { news, told: now };
}

function conditionOf({ state, error, reports }: ScopeStatus): Condition {
  switch (state) {
    case "synced": {
      const trouble = verifierError(reports.verifier?.state);
      if (trouble === undefined) return { key: "synced", level: "info", text: "synced" };
      return {
        key: keyOf("unverified", trouble),
        error: trouble,
        level: "warn",
        text: `cannot be verified: ${errorText(trouble)}`,
      };
    }
    case "syncing":
      if (error === undefined) return { key: "syncing", level: "info", text: "syncing" };
      return { key: keyOf(state, error), error, level: "warn", text: `not synced yet, trying on: ${errorText(error)}` };
    case "stale":
      return { key: keyOf(state, error), error, level: "warn", text: `stale, trying on: ${errorText(error)}` };
    case "snapshot-only":
      return { key: state, level: "info", text: "snapshot-only: it cannot be watched, so it is listed now and then" };
    case "forbidden":
    case "gone":
    case "failed":
      return { key: keyOf(state, error), error, level: "warn", text: `${state}: ${errorText(error)}` };
    default:
      return state satisfies never;
  }
}

/** A verification that failed once is tried again soon; only what goes on is news. */
function verifierError(state: RolePhase | undefined): ErrorReport | undefined {
  if (state?.phase === "blocked") return state.error;
  return state?.phase === "backing-off" && state.attempt > 1 ? state.error : undefined;
}

function keyOf(state: string, error: ErrorReport | undefined): string {
  return error === undefined ? state : `${state}/${troubleKey(error)}`;
}

function errorText(error: ErrorReport | undefined): string {
  return error === undefined ? "no news from the API server" : sentences(error.message, error.hint);
}

function scopeName({ scope }: ScopeStatus): string {
  const name = resourceName(scope.resource);
  return scope.namespace === undefined ? name : `${name} in ${scope.namespace}`;
}
