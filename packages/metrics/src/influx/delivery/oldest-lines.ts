import type { Spill } from "../spill/spill.ts";
import type { Segment } from "../spill/spill-folder.ts";
import type { Outbox } from "../waiting/outbox.ts";
import type { Overflow } from "../waiting/overflow.ts";
import type { Source } from "./delivery.ts";
import { SegmentSource } from "./segment-source.ts";

/** Where lines can be. */
export interface Places {
  readonly outbox: Outbox;
  /** Undefined: none are on disk. */
  readonly spill: Spill | undefined;
  /** What moves them from memory to the disk. */
  readonly overflow: Overflow;
}

/** Finds the oldest lines, in memory or on disk: they are sent first. */
export class OldestLines {
  readonly #places: Places;
  #loaded: SegmentSource | undefined;

  constructor(places: Places) {
    this.#places = places;
  }

  /**
   * Reads the segment with the oldest lines, where they are on disk; it does not give way to newer ones until the spill
   * is told to hold another, or none.
   */
  async load(): Promise<void> {
    const { spill } = this.#places;
    const segment = this.#segment();
    spill?.hold(segment);
    if (this.#loaded?.segment === segment) return;
    this.#loaded = undefined;
    if (spill === undefined || segment === undefined) return;
    const lines = await spill.read(segment);
    this.#loaded = lines && new SegmentSource(segment, lines, spill);
  }

  /**
   * Where they are. Undefined: nowhere, or on their way to the disk, or to be loaded first. What is chosen stays the oldest
   * for as long as nothing is awaited.
   */
  source(): Source | undefined {
    const segment = this.#segment();
    if (segment !== undefined) return this.#loaded?.segment === segment ? this.#loaded : undefined;
    const { outbox, overflow } = this.#places;
    if (outbox.first === undefined || overflow.busy) return undefined;
    const first = this.#place(outbox.first);
    return {
      first,
      take: (bounds) => {
        const parcel = outbox.take(bounds);
        if (parcel === undefined) return undefined;
        return { lines: parcel.lines, bytes: parcel.bytes, first, done: (count) => parcel.done(count) };
      },
    };
  }

  /** Whether one of the lines before this one, or of an earlier process, is not with the database yet. */
  waitBefore(line: number): boolean {
    const { outbox, spill } = this.#places;
    if ((outbox.oldestPlace ?? line) < line || spill?.untried === true) return true;
    return spill?.oldest !== undefined && spill.oldest.first < this.#place(line);
  }

  /** The segment that holds them; undefined: they are in memory. */
  #segment(): Segment | undefined {
    const { outbox, spill } = this.#places;
    const segment = spill?.oldest;
    const { first } = outbox;
    return segment !== undefined && (first === undefined || segment.first < this.#place(first)) ? segment : undefined;
  }

  /** The place of a line among all, those of earlier processes on disk included. */
  #place(line: number): number {
    return this.#places.spill?.place(line) ?? line;
  }
}
