/** How long to wait before the next try. */
export interface InfluxBackoff {
  /** The most that is waited after the first failure; doubled with each further one in a row. @default 1000 */
  readonly firstMs: number;
  /** @default 60_000 */
  readonly maxMs: number;
  /** Exactly this long where only a person can mend it: credentials, rights, a database that is missing. @default 30_000 */
  readonly blockedMs: number;
  /** No longer than this, whatever the server asks for by `Retry-After`. @default 600_000 */
  readonly retryAfterMaxMs: number;
}

/** The values that the fields of {@link InfluxBackoff} name. */
export const DEFAULT_INFLUX_BACKOFF: InfluxBackoff = {
  firstMs: 1000,
  maxMs: 60_000,
  blockedMs: 30_000,
  retryAfterMaxMs: 600_000,
};

/**
 * Milliseconds to wait after the `failures`-th failure in a row (from 1): anything from nothing to the doubled pause, by
 * chance ("full jitter"), but never less than what the server asked for, up to its bound.
 *
 * @param random a number in [0, 1)
 */
export function retryPauseMs(
  failures: number,
  random: number,
  retryAfterMs: number | undefined,
  { firstMs, maxMs, retryAfterMaxMs }: InfluxBackoff,
): number {
  const own = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30)) * random;
  return Math.round(Math.max(own, Math.min(retryAfterMs ?? 0, retryAfterMaxMs)));
}
