import { compareResourceVersions, newestResourceVersion, type ResourceVersion } from "@krm/core";
import { type RingEvent, sizeOf } from "./watch-event.ts";

/** What a log keeps at most. */
export interface LogBounds {
  /** @default 16_384 */
  readonly events: number;
  /** The states before and after the kept events, in bytes; those that are in the view too cost nothing more. @default 64 MiB */
  readonly bytes: number;
  /** @default 300_000 */
  readonly ageMs: number;
}

/** The values that the fields of {@link LogBounds} name. */
export const DEFAULT_LOG_BOUNDS: LogBounds = { events: 16_384, bytes: 64 * 1024 * 1024, ageMs: 300_000 };

/** Where who holds a version goes on: with which event, by its number. */
export type Place =
  | { readonly type: "next"; readonly next: number }
  /** What follows is not all here any more. `oldest`: the first version that it would be of. */
  | { readonly type: "too-old"; readonly oldest: string }
  /** Nothing of this version was told yet. */
  | { readonly type: "ahead" };

/** An event where it stands in a log. */
export interface LoggedEvent {
  readonly event: RingEvent;
  /** The newest version that readers can have been told when they have got this event. */
  readonly told: ResourceVersion;
}

interface Entry extends LoggedEvent {
  /** When it was appended, on the monotonic clock. */
  readonly at: number;
  /** Whether that is this event's own, and no one's before. */
  readonly isNews: boolean;
  /** The newest version that was told until the next event: the view's own may have moved. */
  passed: ResourceVersion;
}

/**
 * The newest events of one view in the order in which the view took them, and which of them who holds a version does
 * not know. Pure.
 *
 * Versions mostly rise from event to event. Where one does not (a repair, a late event), whoever holds a version that
 * was told before it may not know it. So a version stands for the _first_ place at which it can have been told, and all
 * that came behind is told again: that some of it is known does no harm, since it ends in the same state.
 */
export class EventLog {
  readonly #bounds: LogBounds;
  /** Versions cannot be ordered: only the newest can be gone on from, while nothing has come behind it. */
  readonly #opaque: boolean;
  /** Kept are those from `#head` on; the one there has the number `#first`. */
  #entries: (Entry | undefined)[] = [];
  #head = 0;
  #first = 0;
  #bytes = 0;
  /** What was told before the oldest event that is kept. */
  #base: { readonly told: string; readonly isNews: boolean; readonly passed: string };
  #told: string;
  /** The number of the next event when the view's version was last told. */
  #passedAt = 0;

  /**
   * Of a view at a version. `isNews`: whoever holds this version knows the view as it is; there was no repair that
   * the version does not show.
   */
  constructor(
    version: string,
    options: { readonly isNews: boolean; readonly opaque?: boolean; readonly bounds?: LogBounds | undefined },
  ) {
    this.#bounds = options.bounds ?? DEFAULT_LOG_BOUNDS;
    this.#opaque = options.opaque ?? false;
    this.#base = { told: version, isNews: options.isNews, passed: version };
    this.#told = version;
  }

  /** The number of the oldest event that is kept. */
  get first(): number {
    return this.#first;
  }

  /** The number that the next event gets. */
  get next(): number {
    return this.#first + this.#entries.length - this.#head;
  }

  /** The newest version that readers can have been told. */
  get told(): string {
    return this.#told;
  }

  append(event: RingEvent, at: number): void {
    const before = this.#told as ResourceVersion;
    const told = this.#opaque ? before : newestResourceVersion(before, event.version);
    const isNews = told !== before;
    this.#entries.push({ event, at, told, isNews, passed: told });
    this.#bytes += sizeOf(event);
    this.#told = told;
    this.#forgetOld(at);
  }

  /** The view's version is this one now, or a newer one. */
  pass(version: string, at: number): void {
    const isNewer =
      this.#opaque || compareResourceVersions(version as ResourceVersion, this.#told as ResourceVersion) > 0;
    if (isNewer) {
      this.#told = version;
      const last = this.#entries.length > this.#head ? this.#entries.at(-1) : undefined;
      if (last === undefined) this.#base = { ...this.#base, passed: version };
      else last.passed = version as ResourceVersion;
    }
    this.#passedAt = this.next;
    this.#forgetOld(at);
  }

  /** Where whoever holds `version` goes on. */
  locate(version: string): Place {
    const asked = version as ResourceVersion;
    const { told, isNews, passed } = this.#base;
    if (this.#opaque) {
      const isCurrent = version === this.#told && this.#passedAt === this.next;
      return isCurrent ? { type: "next", next: this.next } : { type: "too-old", oldest: this.#told };
    }
    if (compareResourceVersions(asked, this.#told as ResourceVersion) > 0) return { type: "ahead" };
    const order = compareResourceVersions(asked, told as ResourceVersion);
    if (order < 0 || (order === 0 && !isNews)) return { type: "too-old", oldest: isNews ? told : next(told) };
    if (compareResourceVersions(asked, passed as ResourceVersion) <= 0) return { type: "next", next: this.#first };
    const index = this.#crossing(asked);
    const entry = this.#entries[index] as Entry;
    // Told by this event, which lies above it: the event itself is not known.
    const isBelow = compareResourceVersions(entry.told, asked) > 0;
    return { type: "next", next: this.#first + index - this.#head + (isBelow ? 0 : 1) };
  }

  /** The index of the first entry after which `version` was told. */
  #crossing(version: ResourceVersion): number {
    let low = this.#head;
    let high = this.#entries.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareResourceVersions((this.#entries[middle] as Entry).passed, version) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** `count` events from a number on, or as many as there are; undefined: not all of them are kept. */
  read(from: number, count: number): readonly RingEvent[] | undefined {
    if (from < this.#first) return undefined;
    const start = this.#head + from - this.#first;
    return this.#entries.slice(start, start + count).map((entry) => (entry as Entry).event);
  }

  /** The event of a number; undefined: it is not kept, or there is none yet. */
  at(number: number): LoggedEvent | undefined {
    return number < this.#first ? undefined : this.#entries[this.#head + number - this.#first];
  }

  #forgetOld(now: number): void {
    const { events, bytes, ageMs } = this.#bounds;
    for (;;) {
      const oldest = this.#entries[this.#head];
      if (oldest === undefined) break;
      const count = this.#entries.length - this.#head;
      if (count <= events && this.#bytes <= bytes && now - oldest.at <= ageMs) break;
      this.#bytes -= sizeOf(oldest.event);
      this.#base = { told: oldest.told, isNews: oldest.isNews, passed: oldest.passed };
      this.#entries[this.#head++] = undefined;
      this.#first++;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }
}

function next(version: string): string {
  return String(BigInt(version) + 1n);
}
