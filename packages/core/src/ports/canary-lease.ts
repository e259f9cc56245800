import type { ObjectKey, Uid } from "../model/object-key.ts";
import type { CallOptions } from "./clock.ts";

/** A Lease that nobody else writes: what a canary renews, to see when the stream tells of it. */
export interface CanaryLease {
  readonly key: ObjectKey;
  /**
   * Renews it, and creates it where it is missing.
   *
   * @param at what it is renewed at: wall clock, epoch milliseconds
   * @throws KrmError as `ListWatch` does
   */
  renew(at: number, options?: CallOptions): Promise<RenewedLease>;
}

const CANARY_HOLDER = "krm-canary:";

/**
 * The `spec.holderIdentity` of a canary's Lease. Whoever measures delays tells such a Lease from others by it: the canary
 * measures it itself, and it must not count twice.
 *
 * @param who the process that writes it
 */
export function canaryHolder(who: string): string {
  return `${CANARY_HOLDER}${who}`;
}

/** Whether a Lease of this holder is a canary's, of this KRM or another. */
export function isCanaryHolder(holderIdentity: unknown): boolean {
  return typeof holderIdentity === "string" && holderIdentity.startsWith(CANARY_HOLDER);
}

/** What a write of a Lease made. */
export interface RenewedLease {
  readonly uid: Uid;
  /** As the answer said it: not looked at. */
  readonly resourceVersion: string;
  readonly created: boolean;
}
