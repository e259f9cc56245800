import { type ErrorReport, type RolePhase, scopeId, type StreamerReport, type VerifierReport } from "@krm/core";
import { troubleKey } from "../errors/trouble-key.ts";
import type { Condition, Lasting } from "../monitoring/condition-news.ts";
import { scopeName } from "../monitoring/scope-name.ts";
import { errorText } from "../monitoring/scope-news.ts";
import { standingCondition } from "../monitoring/standings.ts";
import type { ScopeRole } from "./scope-role.ts";

/** What a role is doing, as far as it is told. Undefined: on the way from one to another. */
type Doing = Pick<Lasting, "key" | "level" | "text"> & { readonly error?: ErrorReport | undefined };

/** What is told of roles: who has them, and how those of this process fare. Pure. */
export function roleConditions(roles: readonly ScopeRole[]): readonly Condition[] {
  return roles.flatMap((each) => {
    const standing = standingCondition(each.scope, each.role, each.standing);
    return each.standing === "holding" ? [standing, workCondition(each)] : [standing];
  });
}

function workCondition(each: ScopeRole): Condition {
  const scope = scopeId(each.scope);
  const id = `${scope} work`;
  const doing = doingOf(each);
  if (doing === undefined) return { id, key: undefined };
  const { key, level, text, error } = doing;
  const about = { role: each.role, doing: key.split("/")[0], ...(error === undefined ? {} : { err: error }) };
  return { id, scope, name: scopeName(each.scope), key, level, text, about };
}

function doingOf(each: ScopeRole): Doing | undefined {
  switch (each.role) {
    case "streamer":
      return streaming(each.report);
    case "verifier":
      return verifying(each.report);
    case "merger":
      return each.commits > 0
        ? { key: "merging", level: "info", text: "merging" }
        : { key: "waiting", level: "info", text: "waiting for what the streamer tells" };
    default:
      return each satisfies never;
  }
}

function streaming(report: StreamerReport | undefined): Doing | undefined {
  const state = report?.state;
  if (state?.phase === "watching") return { key: "watching", level: "info", text: "watching" };
  if (state?.phase === "polling") {
    return { key: "polling", level: "info", text: "it cannot be watched, so it is listed now and then" };
  }
  return trouble(state, "not streamed");
}

function verifying(report: VerifierReport | undefined): Doing | undefined {
  if (report === undefined) {
    return { key: "waiting", level: "info", text: "nothing to verify before the first list is merged; waiting for it" };
  }
  if (report.state.phase === "waiting") {
    const { mode } = report;
    if (mode === undefined) return { key: "verifying", level: "info", text: "verifying now and then" };
    return { key: `verifying/${mode}`, level: "info", text: `verifying now and then (${mode})` };
  }
  return trouble(report.state, "not verified");
}

/** A request that failed once is tried again soon; only what goes on is news. */
function trouble(state: RolePhase | undefined, undone: string): Doing | undefined {
  if (state?.phase === "blocked") {
    const { error, reason } = state;
    return { key: `${reason}/${troubleKey(error)}`, level: "warn", text: `${reason}: ${errorText(error)}`, error };
  }
  if (state?.phase !== "backing-off" || state.attempt < 2) return undefined;
  const { error } = state;
  return {
    key: `${undone}/${troubleKey(error)}`,
    level: "warn",
    text: `${undone}, trying on: ${errorText(error)}`,
    error,
  };
}
