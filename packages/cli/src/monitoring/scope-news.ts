import { type ErrorReport, type RolePhase, scopeId, type ScopeStatus } from "@krm/core";
import { sentences } from "../errors/error-line.ts";
import { troubleKey } from "../errors/trouble-key.ts";
import type { Lasting } from "./condition-news.ts";
import { scopeName } from "./scope-name.ts";

/** What counts as told of a scope that is seen for the first time: its first list is news when it is complete. */
export const FIRST_CONDITION = "syncing";

/** What is told of a view. Pure. */
export function scopeCondition(status: ScopeStatus): Lasting {
  const { scope, state, view } = status;
  const { key, level, text, error } = judge(status);
  const id = scopeId(scope);
  const name = key === "synced" ? `${scopeName(scope)} (${view.objects})` : scopeName(scope);
  return {
    id,
    scope: id,
    name,
    key,
    level,
    text,
    about: { state, ...(error === undefined ? {} : { err: error }) },
  };
}

interface Judgement extends Pick<Lasting, "key" | "level" | "text"> {
  readonly error?: ErrorReport | undefined;
}

function judge({ state, error, reports }: ScopeStatus): Judgement {
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

/** Why, and what to do about it. */
export function errorText(error: ErrorReport | undefined): string {
  return error === undefined ? "no news from the API server" : sentences(error.message, error.hint);
}
