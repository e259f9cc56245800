import type { ScopeStore, ViewMeta } from "@krm/core";
import { wallNow } from "./messages.ts";
import { emittedAt } from "./simulated-objects.ts";

/** A reader of a view that follows its changes, as a program would. */
export class FeedWatcher {
  readonly #store: ScopeStore;
  readonly #waiting = new Set<{ readonly holds: (meta: ViewMeta) => boolean; readonly met: (at: number) => void }>();
  #latencies: number[] | undefined;
  #resets = 0;

  constructor(store: ScopeStore) {
    this.#store = store;
  }

  /** How often the feed said that the view has to be read again. */
  get resets(): number {
    return this.#resets;
  }

  /** Follows until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    for await (const batch of this.#store.changes({ signal })) {
      const now = wallNow();
      if (batch.type === "reset") this.#resets++;
      else if (this.#latencies !== undefined)
        for (const { change } of batch.entries) {
          const emitted = change.type === "set" ? emittedAt(change.object.bytes) : undefined;
          if (emitted !== undefined) this.#latencies.push(now - emitted);
        }
      const meta = batch.type === "changes" ? batch.meta : await this.#store.meta();
      if (meta !== undefined) this.#look(meta, now);
    }
  }

  #look(meta: ViewMeta, now: number): void {
    for (const one of this.#waiting) {
      if (!one.holds(meta)) continue;
      this.#waiting.delete(one);
      one.met(now);
    }
  }

  /** Resolves with the moment at which something held, or the present one where it does already. */
  async until(holds: (meta: ViewMeta) => boolean): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#waiting.add({ holds, met: resolve });
    this.#look(await this.#store.meta(), wallNow());
    return promise;
  }

  /** Begins to note how long ago each change was emitted. */
  noteLatencies(): void {
    this.#latencies = [];
  }

  /** What was noted, in milliseconds, and ends noting. */
  takeLatencies(): readonly number[] {
    const noted = this.#latencies ?? [];
    this.#latencies = undefined;
    return noted;
  }
}
