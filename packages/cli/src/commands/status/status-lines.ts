import { durationToHuman } from "@krm/apimachinery";
import type { ScopeStatusBody, StatusBody } from "@krm/client";
import { sentences } from "../../errors/error-line.ts";
import { troubleKey } from "../../errors/trouble-key.ts";
import { alignColumns } from "../../text/columns.ts";

const HEADING = ["RESOURCE", "NAMESPACE", "STATE", "OBJECTS", "EVENTS", "VERIFIED", "NEWS", "DRIFT"];

/**
 * One line for each scope, below a heading; after them, why some are not as they should be. Ages are
 * by the server's clock.
 */
export function statusLines(status: StatusBody): string[] {
  const now = Date.parse(status.time);
  const rows = status.scopes.map((scope) => [
    scope.name,
    scope.namespace ?? "*",
    scope.state,
    objectsText(scope),
    String(scope.streamer?.events ?? 0),
    ago(scope.verifiedAt, now),
    ago(scope.lastContact, now),
    String(Object.values(scope.merger?.missed ?? {}).reduce((sum, count) => sum + count, 0)),
  ]);
  const reasons = reasonLines(status.scopes);
  return [...alignColumns([HEADING, ...rows]), ...(reasons.length === 0 ? [] : ["", ...reasons])];
}

/** While the first list runs: how far it is. */
function objectsText({ objects, state, streamer }: ScopeStatusBody): string {
  const progress = streamer?.progress;
  if (state !== "syncing" || progress === undefined) return String(objects);
  return `${progress.objects}${progress.expected === undefined ? "" : `/${progress.expected}`}`;
}

function ago(time: string | undefined, now: number): string {
  return time === undefined ? "never" : `${durationToHuman(Math.max(0, now - Date.parse(time)))} ago`;
}

/** The messages differ by what was asked for; scopes with one kind of error are told by the first of them. */
function reasonLines(scopes: readonly ScopeStatusBody[]): string[] {
  const byReason = new Map<string, { readonly reason: string; readonly names: string[] }>();
  for (const { error, name, namespace } of scopes) {
    if (error === undefined) continue;
    const kind = troubleKey(error);
    const group = byReason.get(kind) ?? { reason: sentences(error.message, error.hint), names: [] };
    group.names.push(namespace === undefined ? name : `${name} in ${namespace}`);
    byReason.set(kind, group);
  }
  return [...byReason.values()].map(({ reason, names }) => `${names.join(", ")}: ${reason}`);
}
