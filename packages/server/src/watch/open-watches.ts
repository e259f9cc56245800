import type { RingView } from "./ring-view.ts";
import type { Watcher } from "./watcher.ts";

/** The watches that are open of what one ring follows. */
export class OpenWatches {
  readonly #watchers = new Set<Watcher>();

  get size(): number {
    return this.#watchers.size;
  }

  begin(watcher: Watcher): void {
    this.#watchers.add(watcher);
    void watcher.done.then(() => this.#watchers.delete(watcher));
    watcher.start();
  }

  /** The view has changed. */
  look(): void {
    for (const watcher of this.#watchers) if (!watcher.isLive || watcher.tellsContact) watcher.look();
  }

  /** What was told of a view cannot be gone on from. */
  breakOff(view: RingView): void {
    view.audiences.discard();
    for (const watcher of this.#watchers) expireAt(watcher, view);
  }

  /** The same, for those who are to be told of everything. */
  breakOffWhole(view: RingView): void {
    view.flush();
    for (const watcher of this.#watchers) if (watcher.isWhole) expireAt(watcher, view);
  }

  /** Ends all in good order. */
  stop(): void {
    for (const watcher of this.#watchers) watcher.finish("stopped");
  }
}

/** Ends a watch of a view that is gone. */
export function expireAt(watcher: Watcher, { version }: RingView): void {
  watcher.expire(`too old resource version: the watch was at ${version}, and what followed is not known here`);
}
