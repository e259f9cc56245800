/** How often one batch is divided. Each division costs at most two requests; 64 find five lines among five thousand. */
const DIVISIONS = 64;

/** A batch that is sent in parts, because the database refused a part as a whole without saying which lines it means. */
export interface Division {
  /** The place of the first line that is left. */
  readonly at: number;
  /** How many lines the next requests have, in order. Never empty. */
  readonly sizes: readonly [number, ...number[]];
  /** How often it may still be divided. */
  readonly left: number;
}

/** A batch that has not been refused yet. */
export function undivided(at: number, lines: number): Division {
  return { at, sizes: [lines], left: DIVISIONS };
}

/**
 * The first `lines` lines were refused: they are to be sent in two halves. Undefined: it is one line, or this batch has
 * been divided often enough: those lines are given up.
 */
export function divided({ at, sizes: [first, ...rest], left }: Division, lines: number): Division | undefined {
  if (lines === 1 || left === 0) return undefined;
  const half = Math.ceil(lines / 2);
  const unsent = first - lines;
  return { at, sizes: [half, lines - half, ...(unsent > 0 ? [unsent] : []), ...rest], left: left - 1 };
}

/** The first `lines` lines are done with. Undefined: those were all. */
export function advanced({ at, sizes: [first, ...rest], left }: Division, lines: number): Division | undefined {
  const [size, ...others] = first > lines ? [first - lines, ...rest] : rest;
  return size === undefined ? undefined : { at: at + lines, sizes: [size, ...others], left };
}
