import type { MissedType, ScopeStatusBody } from "@krm/protocol";

/** All types of missed events, in the order in which they are shown. */
export const MISSED_TYPES: readonly MissedType[] = ["added", "modified", "deleted", "recreated"];

/** How many events the watch of a scope missed, of all types. */
export function missedCount({ merger }: Pick<ScopeStatusBody, "merger">): number {
  return MISSED_TYPES.reduce((sum, type) => sum + (merger?.missed[type] ?? 0), 0);
}
