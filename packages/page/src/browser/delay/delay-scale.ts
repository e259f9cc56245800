import type { DelayMinuteStatus } from "@krm/protocol";

/** Which quantile of a minute. */
export type Quantile = "p50" | "p90" | "p99";

/** All of them, from the lowest. */
export const QUANTILES: readonly Quantile[] = ["p50", "p90", "p99"];

/** A plot: where what is in it. Lengths in the units of the drawing. */
export interface Plot {
  /** Of each quantile the path of its line: broken where minutes have no events. */
  readonly lines: Readonly<Record<Quantile, string>>;
  /** Minutes whose neighbours have no events: there is no line through them. */
  readonly lone: readonly DelayMinuteStatus[];
  /** Marks of the scale, in seconds, and where they are. */
  readonly marks: readonly { readonly seconds: number; readonly y: number }[];
  /** Where a minute is. */
  readonly x: (at: number) => number;
  readonly y: (seconds: number) => number;
}

const MINUTE_MS = 60_000;
const STEPS = [1, 2, 5];

/** Lays a plot of an hour that ends at `now` out in a box. Delays below zero, which clocks that differ make, are at zero. */
export function layOut(
  told: readonly DelayMinuteStatus[],
  now: number,
  { width, height }: { readonly width: number; readonly height: number },
): Plot {
  const from = now - 60 * MINUTE_MS;
  const minutes = told.filter((minute) => startOf(minute) >= from);
  const top = niceTop(Math.max(0.01, ...minutes.map(({ p99Seconds }) => p99Seconds)));
  const x = (at: number): number => ((at - from) / (60 * MINUTE_MS)) * width;
  const y = (seconds: number): number => height - (Math.min(top, Math.max(0, seconds)) / top) * height;
  const lines = { p50: "", p90: "", p99: "" };
  const follows = (index: number): boolean =>
    index > 0 && index < minutes.length && startOf(minutes[index]) - startOf(minutes[index - 1]) < MINUTE_MS * 1.5;
  for (const [index, minute] of minutes.entries()) {
    for (const quantile of QUANTILES) {
      const point = `${round(x(startOf(minute) + MINUTE_MS / 2))} ${round(y(secondsOf(minute, quantile)))}`;
      lines[quantile] += `${follows(index) ? "L" : "M"}${point}`;
    }
  }
  const lone = minutes.filter((_, index) => !follows(index) && !follows(index + 1));
  const marks = [0, 0.25, 0.5, 0.75, 1].map((share) => ({ seconds: top * share, y: y(top * share) }));
  return { lines, lone, marks, x, y };
}

function startOf(minute: DelayMinuteStatus | undefined): number {
  return Date.parse(minute?.at ?? "");
}

/** A quantile of a minute, in seconds. */
export function secondsOf(minute: DelayMinuteStatus, quantile: Quantile): number {
  return minute[`${quantile}Seconds`];
}

/** The highest that a quantile was in a minute. Over all minutes it cannot be had out of theirs. */
export function highest(minutes: readonly DelayMinuteStatus[], quantile: Quantile): number {
  return Math.max(...minutes.map((minute) => secondsOf(minute, quantile)));
}

/** The least of 1, 2 and 5 times a power of ten that is not below a value. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = STEPS.find((each) => each * power >= value * 0.999_999);
  return step === undefined ? 10 * power : step * power;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
