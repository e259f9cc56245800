/**
 * How long to wait before the next try. client-go's Reflector waits 0.8 s, doubled to 30 s, plus up to as much again by
 * chance (`jitter`), and starts over after two healthy minutes (tools/cache/reflector.go).
 */
export interface BackoffOptions {
  /** @default 800 */
  readonly firstMs: number;
  /** @default 30_000 */
  readonly maxMs: number;
  /** Consecutive failures are forgotten after a watch that lived this long. @default 120_000 */
  readonly resetAfterMs: number;
  /** How long a role waits before it probes again what it may not, or cannot, read. @default 60_000 */
  readonly probeMs: number;
}

/** The values that the fields of {@link BackoffOptions} name. */
export const DEFAULT_BACKOFF: BackoffOptions = { firstMs: 800, maxMs: 30_000, resetAfterMs: 120_000, probeMs: 60_000 };

/** How long to wait for a store: it is near, and nobody else suffers from being asked. */
export const STORE_BACKOFF: BackoffOptions = { ...DEFAULT_BACKOFF, firstMs: 100, maxMs: 2000 };

/** A server that asks for more has a clock that is off, or means someone else: an hour is asked for by none. */
const LONGEST_RETRY_AFTER_MS = 3_600_000;

/**
 * Milliseconds to wait after the `failures`-th failure in a row (from 1): between once and twice the doubled delay by
 * chance, never over `maxMs`, and never less than what the server asked for by `Retry-After` (that is kept exactly up to
 * an hour, plus up to a tenth, so that clients which were turned away together do not come back together).
 *
 * @param random a number in [0, 1)
 */
export function backoffMs(
  failures: number,
  random: number,
  retryAfterMs: number | undefined,
  options: BackoffOptions,
): number {
  const base = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(failures - 1, 30));
  const own = Math.min(options.maxMs, base * (1 + random));
  if (retryAfterMs === undefined) return Math.round(own);
  return Math.round(Math.max(own, Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS) * (1 + random / 10)));
}
