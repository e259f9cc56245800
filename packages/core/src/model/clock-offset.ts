/**
 * How far the API server's clock is off: by how much it is ahead of ours, in milliseconds, negative where it is behind. The
 * truth lies from `lowMs` to `highMs`. It is shown beside times that two clocks were compared for, and subtracted from none.
 */
export interface ClockOffset {
  readonly lowMs: number;
  readonly highMs: number;
  /** Answers that it rests upon. */
  readonly samples: number;
  /** When the newest of them came: our wall clock, epoch milliseconds. */
  readonly at: number;
}

/** By how much the API server's clock is ahead of ours (negative: behind) at the least; 0: it may be right. */
export function certainOffsetMs({ lowMs, highMs }: Pick<ClockOffset, "lowMs" | "highMs">): number {
  if (lowMs > 0) return lowMs;
  return highMs < 0 ? highMs : 0;
}

/** `3.0 s ahead of ours (±0.1 s)`: the middle, and how far from it the truth can be. */
export function clockOffsetText({ lowMs, highMs }: Pick<ClockOffset, "lowMs" | "highMs">, whose = "ours"): string {
  const middle = Math.round((lowMs + highMs) / 200) / 10;
  const most = Math.max(highMs / 1000 - middle, middle - lowMs / 1000, 0.1);
  const within = Math.ceil(Number((most * 10).toFixed(3))) / 10;
  return `${Math.abs(middle).toFixed(1)} s ${middle < 0 ? "behind" : "ahead of"} ${whose} (±${within.toFixed(1)} s)`;
}
