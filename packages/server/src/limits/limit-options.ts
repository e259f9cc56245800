import { KrmError } from "@krm/core";

/**
 * So many watches a user may have open unless told otherwise. A controller has some tens; an agent with three watches on
 * each of three hundred nodes, all under one account, has nine hundred. Of a reader who is behind up to 1 MiB waits here,
 * so that one user can have this process hold 1 GiB at most, and not all that it has.
 */
const WATCHES_PER_USER = 1000;

/** How much one reader may ask of a server. */
export interface LimitOptions {
  /**
   * Watches that one user may have open; the next one is a 429. Without `auth` all readers are one user. 0: any number.
   * @default 1000
   */
  readonly maxWatchesPerUser?: number | undefined;
  /**
   * Bytes of objects, as they are stored, that one list answer may hold, whatever its form; a larger one is a 413 that
   * tells to ask for pages. One object is never too large. 0: any number.
   * @default 0
   */
  readonly maxListSize?: number | undefined;
}

/** {@link LimitOptions} with every default in its place. */
export type Limits = Readonly<Record<keyof LimitOptions, number>>;

/** @throws KrmError `KRM_INVALID_ARGUMENT` for what is no number to count with. */
export function readLimits({ maxWatchesPerUser = WATCHES_PER_USER, maxListSize = 0 }: LimitOptions): Limits {
  const limits = { maxWatchesPerUser, maxListSize };
  for (const [name, value] of Object.entries(limits)) {
    if (Number.isSafeInteger(value) && value >= 0) continue;
    throw new KrmError("KRM_INVALID_ARGUMENT", `${name} cannot be ${value}`, {
      hint: "Give a whole number, or 0 for no limit.",
    });
  }
  return limits;
}
