import { durationToHuman } from "@krm/apimachinery";
import type { Freshness, ListFreshness } from "@krm/client";

/**
 * What to say of an answer that is not as fresh as it could be; nothing of one that is.
 *
 * @param now Epoch milliseconds.
 */
export function trustNotes({ state, verifiedAt, lastContact, warnings }: Freshness, now: number): readonly string[] {
  if (warnings.length > 0) return warnings;
  if (state === "synced") return [];
  const told = ages({ lastContact, verifiedAt }, now);
  return [`this answer is ${state}${told.length === 0 ? "" : `: ${told.join(", ")}`}`];
}

/** How fresh an answer is, in one line. */
export function trustLine({ state, resourceVersion, ...times }: ListFreshness, count: number, now: number): string {
  const objects = `${count} ${count === 1 ? "object" : "objects"}`;
  return [state, ...ages(times, now), objects, `version ${resourceVersion}`].join(", ");
}

function ages(
  { lastContact, verifiedAt }: Pick<Freshness, "lastContact" | "verifiedAt">,
  now: number,
): readonly string[] {
  const ago = (time: Date): string => `${durationToHuman(Math.max(0, now - time.getTime()))} ago`;
  return [
    ...(lastContact === undefined ? [] : [`last news ${ago(lastContact)}`]),
    ...(verifiedAt === undefined ? [] : [`verified ${ago(verifiedAt)}`]),
  ];
}
