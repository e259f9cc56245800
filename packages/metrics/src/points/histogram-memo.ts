import { DelayHistogram } from "./delay-histogram.ts";
import type { Tags } from "./scope-tags.ts";

/** Of the form. One that is not known is as if there were nothing. */
const VERSION = 1;

/** What was counted up to a place in the feed, for who goes on there. */
export interface HistogramMemo {
  /** Of the intervals. */
  readonly intervalMs: number;
  /** Of the points. */
  readonly tags: Tags;
  /** Whether the database was told all of it. */
  readonly written: boolean;
  /** Those that can still grow, in the order in which they were touched. */
  readonly histograms: readonly DelayHistogram[];
}

/** Writes it down as a text. Numbers come back to the last digit. */
export function writeMemo({ intervalMs, tags, written, histograms }: HistogramMemo): string {
  return JSON.stringify({ v: VERSION, intervalMs, tags, written, histograms: histograms.map((each) => each.pack()) });
}

/** Reads what {@link writeMemo} wrote; undefined for anything else, also where only a part of it cannot be read. */
export function readMemo(text: string): HistogramMemo | undefined {
  try {
    const memo = JSON.parse(text) as Readonly<Record<keyof HistogramMemo | "v", unknown>> | null;
    if (memo?.v !== VERSION || typeof memo.intervalMs !== "number" || !Array.isArray(memo.histograms)) return undefined;
    const histograms = memo.histograms.flatMap((each: unknown) => DelayHistogram.unpack(each) ?? []);
    if (histograms.length !== memo.histograms.length) return undefined;
    return {
      intervalMs: memo.intervalMs,
      tags: (memo.tags ?? {}) as Tags,
      written: memo.written === true,
      histograms,
    };
  } catch {
    return undefined;
  }
}
