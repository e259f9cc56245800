import { type CanaryLease, type Clock, KrmError, type RenewedLease, untilAborted } from "@krm/core";

/**
 * Renews a Lease, unless that takes too long.
 *
 * @param at what it is renewed at: wall clock, epoch milliseconds
 * @param ms how long it may take
 * @throws KrmError `KRM_CONNECTION` then: it may be written all the same, at a version that nobody here knows. Else as
 * `CanaryLease` does; the signal's reason when aborted.
 */
export async function renewInTime(
  lease: CanaryLease,
  at: number,
  { ms, clock, signal }: { readonly ms: number; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<RenewedLease> {
  const over = new AbortController();
  const waiting = AbortSignal.any([signal, over.signal]);
  const late = new KrmError("KRM_CONNECTION", `${lease.key}: the write was not answered for ${ms / 1000} s`);
  const timer = clock.sleep(ms, { signal: waiting }).then(
    () => over.abort(late),
    () => {},
  );
  try {
    return await untilAborted(lease.renew(at, { signal: waiting }), waiting);
  } finally {
    over.abort();
    await timer;
  }
}
