import type { Clock } from "@krm/core";
import type { View } from "./view.ts";

/** How long a view is kept for its later pages: as long as the API server keeps versions. Milliseconds. */
const KEPT_FOR = 300_000;

/** Views kept at most. Each holds references only; what it keeps from being freed is what has changed since. */
const KEPT_AT_MOST = 64;

interface Entry {
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

  /** Keeps a view under the name of what was read and when. One kept already gives way: it is the same, judged earlier. */
  keep(name: string, view: View): void {
    this.#forgetOld();
    this.#entries.delete(name);
    this.#entries.set(name, { view, until: this.#clock.monotonic() + KEPT_FOR });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= KEPT_AT_MOST) break;
      this.#entries.delete(oldest);
    }
  }

  find(name: string): View | undefined {
    this.#forgetOld();
    return this.#entries.get(name)?.view;
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
