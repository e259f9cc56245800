import type { ScopeStatusBody, StatusBody } from "@krm/protocol";
import { eventually } from "../support/eventually.ts";
import type { Deployment } from "./deployment.ts";

/** Seconds: a resource is verified every ten, and what changes seldom has to wait for a bookmark, of which one comes a minute. */
const LONGEST = 120;

/**
 * Waits until every resource has been verified by a list that was taken later than now, so that whatever the watch has
 * missed so far has been found. Gives what has been found since the beginning.
 *
 * @throws Error with who was verified when, where that takes too long.
 */
export async function verifiedAnew(krm: Deployment): Promise<StatusBody> {
  const since = Date.now();
  return eventually(`all is synced and verified after ${new Date(since).toISOString()}`, LONGEST, async () => {
    const found = await krm.status();
    const waiting = found.scopes.filter((scope) => !isVerified(scope, since));
    if (waiting.length > 0)
      throw new Error(waiting.map(({ name, state, verifiedAt }) => `${name}: ${state}, ${verifiedAt}`).join("; "));
    return found.scopes.length > 0 ? found : undefined;
  });
}

/** Whether it is synced, and a list of it that was taken later than this (milliseconds since 1970) has been settled. */
export function isVerified({ state, verifiedAt }: ScopeStatusBody, since: number): boolean {
  return state === "synced" && verifiedAt !== undefined && Date.parse(verifiedAt) > since;
}

/**
 * Events that the watch missed although nothing that KRM knows of hid them.
 *
 * @throws Error where a resource does not tell what verifications have found.
 */
export function unexplained({ scopes }: Pick<StatusBody, "scopes">): readonly string[] {
  return scopes.flatMap(({ name, merger }) => {
    if (merger === undefined) throw new Error(`${name} does not tell what verifications have found`);
    const missed = Object.values(merger.missedByCause["upstream"] ?? {}).reduce((sum, count) => sum + count, 0);
    return missed === 0 ? [] : [`${name}: ${missed}`];
  });
}
