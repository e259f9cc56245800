import type { Clock } from "@krm/core";

/** How much an {@link ExpiringMap} holds, and how long. */
export interface ExpiringMapOptions {
  readonly clock: Clock;
  /** Milliseconds. */
  readonly ttlMs: number;
  /** Entries at most. */
  readonly limit: number;
}

interface Entry<V> {
  readonly value: V;
  readonly until: number;
}

/** What holds for a while. When it is full, what was set first gives way. */
export class ExpiringMap<V> {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #limit: number;
  readonly #entries = new Map<string, Entry<V>>();

  constructor({ clock, ttlMs, limit }: ExpiringMapOptions) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#limit = limit;
  }

  /** Those included that have ended and that nobody has asked for since. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (this.#clock.monotonic() < entry.until) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  /** @param since When it held, by the monotonic clock. */
  set(key: string, value: V, since: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, until: since + this.#ttlMs });
    for (const first of this.#entries.keys()) {
      if (this.#entries.size <= this.#limit) break;
      this.#entries.delete(first);
    }
  }
}
