import { KrmError } from "../errors.ts";
import { compareResourceVersions } from "../model/resource-version.ts";
import type { CommittedMeta } from "./store.ts";

/**
 * Refuses a commit whose stream position lies behind the one before it, within one of the cluster's histories: whoever
 * writes it does not know what stands there.
 *
 * @throws KrmError `KRM_STORE_CONFLICT`
 */
export function refuseBackwards(before: CommittedMeta, after: CommittedMeta): void {
  if (before.epoch !== after.epoch) return;
  const [from, to] = [before.streamedThrough, after.streamedThrough];
  if (from === undefined || to === undefined || compareResourceVersions(to, from) >= 0) return;
  throw new KrmError("KRM_STORE_CONFLICT", `the position would go back from ${from} to ${to}`);
}
