import { Deque } from "../../internal/deque.ts";

/** How much waits, at most. */
export interface OutboxBounds {
  readonly lines: number;
  /** Of lines as UTF-8, each with its line break. */
  readonly bytes: number;
}

/** What was offered at once. */
export interface Offer {
  readonly lines: readonly string[];
  /** The place of its first line among all that were ever offered. */
  readonly first: number;
  /** When it was offered: epoch milliseconds, and monotonic ones. */
  readonly at: number;
  readonly since: number;
  /** Called once, when all lines are done with or dropped. */
  readonly done: () => void;
}

interface Entry extends Offer {
  /** How many of the lines, from the first on, are done with. */
  taken: number;
  /** Of those that are not. */
  bytes: number;
}

/** The size of a line in a request. */
export function lineBytes(line: string): number {
  return Buffer.byteLength(line) + 1;
}

/**
 * The lines that wait in memory, in the order in which they were offered. Some of the oldest can be out as a
 * {@link Parcel}, to be sent or to be put on disk: those still count, but are not dropped. Pure: no clock, no I/O.
 */
export class Outbox {
  readonly #entries = new Deque<Entry>();
  #lines = 0;
  #bytes = 0;
  #next = 0;
  /** Of those that are not out. */
  #idleLines = 0;
  readonly #out = new Set<Parcel>();

  /** All that waits, also what is out. */
  get lines(): number {
    return this.#lines;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The place that the next line will have. */
  get next(): number {
    return this.#next;
  }

  /** The place of the oldest line that is not out; undefined: there is none. */
  get first(): number | undefined {
    const entry = this.#entries.first;
    return entry && entry.first + entry.taken;
  }

  /** The oldest offer that is not out. */
  get oldest(): Offer | undefined {
    return this.#entries.first;
  }

  /** The place of the oldest line of all; undefined: nothing waits. */
  get oldestPlace(): number | undefined {
    return this.#oldestOf(this.first, (parcel) => parcel.first);
  }

  /** When the oldest line of all was offered, epoch milliseconds. */
  get oldestAt(): number | undefined {
    return this.#oldestOf(this.oldest?.at, (parcel) => parcel.at);
  }

  /** How many lines are not out. */
  get idleLines(): number {
    return this.#idleLines;
  }

  /** @param bytes of its lines */
  add(offer: Omit<Offer, "first">, bytes: number): void {
    this.#entries.push({ ...offer, first: this.#next, taken: 0, bytes });
    this.#next += offer.lines.length;
    this.#lines += offer.lines.length;
    this.#bytes += bytes;
    this.#idleLines += offer.lines.length;
  }

  /** Whether there is more than these bounds allow. */
  exceeds({ lines, bytes }: OutboxBounds): boolean {
    return this.#lines > lines || this.#bytes > bytes;
  }

  /**
   * Drops the oldest offer that is not out, with all of its lines that are left; how many those were. Undefined: there is
   * none.
   */
  dropOldest(): number | undefined {
    const entry = this.#entries.shift();
    if (entry === undefined) return undefined;
    const left = entry.lines.length - entry.taken;
    this.#lines -= left;
    this.#idleLines -= left;
    this.#bytes -= entry.bytes;
    entry.done();
    return left;
  }

  /**
   * Takes the oldest lines: whole offers, as many as there is room for, and a part of one only where it alone is too large
   * or `exactly` asks for it. At least one line, and none from behind a gap (lines that are out, or were dropped while these
   * were): places of a parcel follow each other. Undefined: none waits.
   */
  take({ lines, bytes, exactly = false }: OutboxBounds & { readonly exactly?: boolean }): Parcel | undefined {
    const entries: Entry[] = [];
    const taken: string[] = [];
    let size = 0;
    let next = this.first;
    for (let entry = this.#entries.first; entry !== undefined; entry = this.#entries.first) {
      if (entry.first + entry.taken !== next) break;
      const left = entry.lines.length - entry.taken;
      next += left;
      const fits = taken.length + left <= lines && size + entry.bytes <= bytes;
      if (!fits && entries.length > 0 && !exactly) break;
      for (let index = entry.taken; index < entry.lines.length && taken.length < lines; index++) {
        const line = entry.lines[index] as string;
        const added = lineBytes(line);
        if (size + added > bytes && taken.length > 0) break;
        taken.push(line);
        size += added;
      }
      entries.push(this.#entries.shift() as Entry);
      this.#idleLines -= left;
      if (!fits) break;
    }
    if (entries.length === 0) return undefined;
    const parcel = new Parcel(this, entries, taken, size);
    this.#out.add(parcel);
    return parcel;
  }

  /** For {@link Parcel}: the first `count` lines of it are done with, the others wait again, where they were. */
  restore(parcel: Parcel, entries: readonly Entry[], count: number): void {
    this.#out.delete(parcel);
    let left = count;
    const back: Entry[] = [];
    const finished: Entry[] = [];
    for (const entry of entries) {
      const done = Math.min(left, entry.lines.length - entry.taken);
      const bytes = this.#sizeOf(entry, done);
      left -= done;
      entry.taken += done;
      entry.bytes -= bytes;
      this.#lines -= done;
      this.#bytes -= bytes;
      if (entry.taken < entry.lines.length) back.push(entry);
      else finished.push(entry);
    }
    this.#putBack(back);
    for (const entry of finished) entry.done();
  }

  #oldestOf(idle: number | undefined, of: (parcel: Parcel) => number): number | undefined {
    let oldest = idle;
    for (const parcel of this.#out) oldest = Math.min(oldest ?? Number.POSITIVE_INFINITY, of(parcel));
    return oldest;
  }

  #sizeOf(entry: Entry, lines: number): number {
    if (lines === entry.lines.length - entry.taken) return entry.bytes;
    let bytes = 0;
    for (let index = entry.taken; index < entry.taken + lines; index++)
      bytes += lineBytes(entry.lines[index] as string);
    return bytes;
  }

  /** Among those that wait by their place: older ones may have been put back before. */
  #putBack(entries: readonly Entry[]): void {
    const [oldest] = entries;
    if (oldest === undefined) return;
    const older: Entry[] = [];
    while ((this.#entries.first?.first ?? Number.POSITIVE_INFINITY) < oldest.first)
      older.push(this.#entries.shift() as Entry);
    this.#entries.unshift([...older, ...entries]);
    for (const entry of entries) this.#idleLines += entry.lines.length - entry.taken;
  }
}

/** Lines of an {@link Outbox} that are out. Ends with one call of `done`. */
export class Parcel {
  readonly #outbox: Outbox;
  readonly #entries: readonly Entry[];
  readonly lines: readonly string[];
  readonly bytes: number;
  /** The place of the first line. */
  readonly first: number;
  /** When the oldest was offered, epoch milliseconds. */
  readonly at: number;

  constructor(outbox: Outbox, entries: readonly Entry[], lines: readonly string[], bytes: number) {
    const [oldest] = entries as readonly [Entry, ...Entry[]];
    this.#outbox = outbox;
    this.#entries = entries;
    this.lines = lines;
    this.bytes = bytes;
    this.first = oldest.first + oldest.taken;
    this.at = oldest.at;
  }

  /** The first `count` lines are done with; the others wait again, before all that is newer. */
  done(count: number): void {
    this.#outbox.restore(this, this.#entries, count);
  }
}
