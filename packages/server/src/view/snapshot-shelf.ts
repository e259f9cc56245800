import type { Clock } from "@krm/core";
import type { View } from "./view.ts";

/** Which view is kept. */
export interface ShelfName {
  /** What was read. */
  readonly of: string;
  /** What names the moment. */
  readonly view: string;
}

/** How long a view is kept for its later pages: as long as the API server keeps versions. Milliseconds. */
const KEPT_FOR = 300_000;

/** Views kept at most. Each holds references only; what it keeps from being freed is what has changed since. */
const KEPT_AT_MOST = 64;

interface Entry {
  readonly of: string;
  readonly view: View;
  readonly until: number;
}

/**
 * Views that were handed out in part, so that their later pages come from the same moment. A view that did not change
 * since needs no entry here, and none of another server's.
 */
export class SnapshotShelf {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keeps a view. One kept already under its name gives way: it is the same, judged earlier. */
  keep(name: ShelfName, view: View): void {
    this.#forgetOld();
    const key = keyOf(name);
    this.#entries.delete(key);
    this.#entries.set(key, { of: name.of, view, until: this.#clock.monotonic() + KEPT_FOR });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= KEPT_AT_MOST) break;
      this.#entries.delete(oldest);
    }
  }

  find(name: ShelfName): View | undefined {
    this.#forgetOld();
    return this.#entries.get(keyOf(name))?.view;
  }

  /** The view of which all parts are at a version; where a repair made two of them, the one that was kept last. */
  findAt(of: string, version: string): View | undefined {
    this.#forgetOld();
    const entries = [...this.#entries.values()].filter((entry) => entry.of === of);
    return entries.findLast(({ view }) => view.parts.every(({ meta }) => meta.version === version))?.view;
  }

  /** Entries stand in the order in which they end. */
  #forgetOld(): void {
    const now = this.#clock.monotonic();
    for (const [name, entry] of this.#entries) {
      if (entry.until > now) return;
      this.#entries.delete(name);
    }
  }
}

function keyOf({ of, view }: ShelfName): string {
  return `${of} ${view}`;
}
