import type { Clock } from "@krm/core";
import type { SimResource } from "./sim-resource.ts";

/** How a simulated cluster is made. */
export interface SimClusterOptions {
  /** Default: the machine's own clock. */
  readonly clock?: Clock | undefined;
  /**
   * How far the cluster's own clock is ahead of that one, in milliseconds; below 0: behind. What it writes by it is off
   * (`creationTimestamp`, `deletionTimestamp`, managedFields, status and lease times, the `Date` header), spans of time
   * are not. Default: 0.
   */
  readonly clockOffsetMs?: number | undefined;
  /** Of uids and generated names. Default: 1. */
  readonly seed?: number | undefined;
  /** The version of the first write. Default `"1"`; may lie above 2^53. */
  readonly firstVersion?: string | undefined;
  /** Default: `SIM_RESOURCES`. */
  readonly resources?: readonly SimResource[] | undefined;
}

/** What a write can be told. */
export interface SimWriteOptions {
  /** Who writes, as managedFields say it. Default: `simulator`. */
  readonly manager?: string | undefined;
  /** `status`: only the status is written. */
  readonly subresource?: "status" | undefined;
  /** What to write into the object for now, by the cluster's clock, epoch milliseconds: for objects that look older. */
  readonly at?: number | undefined;
}

/** What a deletion can be told. */
export interface SimDeleteOptions {
  /** Undefined: what the object itself says. */
  readonly gracePeriodSeconds?: number | undefined;
  readonly preconditions?:
    | { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined }
    | undefined;
}
