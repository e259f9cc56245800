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

/** What a write of a Lease made. */
export interface RenewedLease {
  readonly uid: Uid;
  /** As the answer said it: not looked at. */
  readonly resourceVersion: string;
  readonly created: boolean;
}
