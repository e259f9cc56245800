import { formatDuration, parseDuration } from "@krm/protocol";
import { ParseError } from "./parse-error.ts";

/** A week: well below what a timer can hold, over which it would fire at once. */
const LONGEST_MS = 7 * 24 * 3_600_000;

/** How long a duration may be, in milliseconds. */
export interface DurationBounds {
  readonly min: number;
  readonly max?: number;
}

/**
 * Makes a reader of durations such as `5m`, `30s`, `1h30m`, within bounds; it gives milliseconds.
 *
 * @throws ParseError
 */
export function durationBetween({ min, max = LONGEST_MS }: DurationBounds): (text: string) => number {
  return (text) => {
    const ms = read(text);
    if (ms >= min && ms <= max) return ms;
    throw new ParseError(
      `${JSON.stringify(text)} is out of bounds: from ${formatDuration(min)} to ${formatDuration(max)}`,
    );
  };
}

function read(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new ParseError((error as Error).message);
  }
}
