import type { Clock } from "@krm/core";
import type { View } from "./view.ts";

/** Which view is kept. */
export interface ShelfName {
  /** The resource. */
  readonly of: string;
  /** What names the moment. */
  readonly moment: string;
  /** What of the resource was read. */
  readonly part: string;
}

/** Which view is looked for: one of these parts, the first that is kept. */
export interface ShelfQuery extends Omit<ShelfName, "part"> {
  readonly parts: readonly string[];
}

/** How long a view is kept for its later pages: as long as the API server keeps versions. Milliseconds. */
const KEPT_FOR = 300_000;

/** Moments kept at most. Each holds references only; what it keeps from being freed is what has changed since. */
const KEPT_AT_MOST = 64;

/** Selections kept of one moment, at most: of those there is no end, as there is of namespaces. */
const SELECTIONS_AT_MOST = 16;

interface Moment {
  readonly of: string;
  /** By what was read. */
  readonly views: Map<string, View>;
  /** Which of them leave out what was not selected; the one that was kept last stands last. */
  readonly selections: Set<string>;
  readonly until: number;
}

/**
 * Views that were handed out in part, so that their later pages come from the same moment. A view that did not change
 * since needs no entry here, and none of another server's. All that is read of one moment has one entry, so that no reader
 * can drive out another's by reading in many ways (selections that are kept by themselves excepted: `keepForMore` avoids
 * them).
 */
export class SnapshotShelf {
  readonly #clock: Clock;
  readonly #moments = new Map<string, Moment>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keeps a view. One kept already under its name gives way: it is the same, judged earlier. */
  keep({ part, ...name }: ShelfName, view: View, isSelection: boolean): void {
    this.#forgetOld();
    const key = keyOf(name);
    const { selections, views } = this.#moments.get(key) ?? { selections: new Set<string>(), views: new Map() };
    views.set(part, view);
    selections.delete(part);
    if (isSelection) selections.add(part);
    for (const oldest of selections) {
      if (selections.size <= SELECTIONS_AT_MOST) break;
      selections.delete(oldest);
      views.delete(oldest);
    }
    this.#moments.delete(key);
    this.#moments.set(key, { of: name.of, views, selections, until: this.#clock.monotonic() + KEPT_FOR });
    for (const oldest of this.#moments.keys()) {
      if (this.#moments.size <= KEPT_AT_MOST) break;
      this.#moments.delete(oldest);
    }
  }

  find({ parts, ...name }: ShelfQuery): View | undefined {
    this.#forgetOld();
    const views = this.#moments.get(keyOf(name))?.views;
    return parts.map((part) => views?.get(part)).find((view) => view !== undefined);
  }

  /** The view of which all parts are at a version; where a repair made two of them, the one that was kept last. */
  findAt({ of, parts }: Omit<ShelfQuery, "moment">, version: string): View | undefined {
    this.#forgetOld();
    const moments = [...this.#moments.values()].filter((moment) => moment.of === of);
    const views = moments.flatMap((moment) => parts.flatMap((part) => moment.views.get(part) ?? []));
    return views.findLast((view) => view.parts.every(({ meta }) => meta.version === version));
  }

  /** Moments stand in the order in which they end. */
  #forgetOld(): void {
    const now = this.#clock.monotonic();
    for (const [name, moment] of this.#moments) {
      if (moment.until > now) return;
      this.#moments.delete(name);
    }
  }
}

function keyOf({ of, moment }: Omit<ShelfName, "part">): string {
  return `${of} ${moment}`;
}
