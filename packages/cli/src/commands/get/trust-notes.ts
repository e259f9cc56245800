import { durationToHuman } from "@krm/apimachinery";
import type { Freshness } from "@krm/client";

/**
 * What to say of an answer that is not as fresh as it could be; nothing of one that is.
 *
 * @param now Epoch milliseconds.
 */
export function trustNotes({ state, verifiedAt, lastContact, warnings }: Freshness, now: number): readonly string[] {
  if (warnings.length > 0) return warnings;
  if (state === "synced") return [];
  const ages = [
    lastContact === undefined ? [] : [`last news ${durationToHuman(now - lastContact.getTime())} ago`],
    verifiedAt === undefined ? [] : [`verified ${durationToHuman(now - verifiedAt.getTime())} ago`],
  ].flat();
  return [`this answer is ${state}${ages.length === 0 ? "" : `: ${ages.join(", ")}`}`];
}
