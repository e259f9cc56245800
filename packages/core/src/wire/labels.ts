import { asBuffer } from "./as-buffer.ts";

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze(Object.create(null) as Record<string, string>);

/** Where in an object's bytes its labels stand, as JSON text; empty: it has none. */
export interface LabelRange {
  readonly start: number;
  readonly end: number;
}

/** Reads labels. Without a prototype: a label may be called `constructor`. What is no string is left out. */
export function readLabels(bytes: Uint8Array, { start, end }: LabelRange): Readonly<Record<string, string>> {
  if (start === end) return NO_LABELS;
  const parsed = JSON.parse(asBuffer(bytes).toString("utf8", start, end)) as object;
  // Not copied into an object made without a prototype: that would be a hash table, and three times as slow to ask.
  const labels = Object.setPrototypeOf(parsed, null) as Record<string, string>;
  for (const [name, value] of Object.entries<unknown>(labels)) if (typeof value !== "string") delete labels[name];
  return labels;
}
