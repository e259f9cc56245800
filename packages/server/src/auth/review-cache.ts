import { type CallOptions, type Clock, untilAborted } from "@krm/core";
import { ExpiringMap } from "./expiring-map.ts";

/** How a {@link ReviewCache} remembers. */
export interface ReviewCacheOptions<T> {
  readonly clock: Clock;
  readonly grants: (answer: T) => boolean;
  /** How long an answer that grants holds, from when it was asked for. Milliseconds. */
  readonly grantedMs: number;
  /** … and one that refuses. */
  readonly refusedMs: number;
  /** Answers of either kind that are kept at most. */
  readonly limit: number;
  /** Reviews under way at most. */
  readonly atOnce: number;
}

/**
 * Answers to reviews, each kept for a while and shared by all who ask for it meanwhile. Failures are not kept. Refusals
 * are kept apart, so that whoever guesses displaces nobody who is known.
 */
export class ReviewCache<T> {
  readonly #options: ReviewCacheOptions<T>;
  readonly #granted: ExpiringMap<T>;
  readonly #refused: ExpiringMap<T>;
  readonly #underWay = new Map<string, Promise<T>>();

  constructor(options: ReviewCacheOptions<T>) {
    const { clock, grantedMs, limit, refusedMs } = options;
    this.#options = options;
    this.#granted = new ExpiringMap({ clock, ttlMs: grantedMs, limit });
    this.#refused = new ExpiringMap({ clock, ttlMs: refusedMs, limit });
  }

  /** Answers held, and reviews under way. */
  get size(): number {
    return this.#granted.size + this.#refused.size + this.#underWay.size;
  }

  /**
   * The answer that is kept, the one that is on its way, or a new one. Aborting ends the waiting, not the review, which
   * others may wait for.
   *
   * @throws Error when too many are under way; what `review` rejects with; the signal's reason.
   */
  async ask(key: string, review: () => Promise<T>, { signal }: CallOptions = {}): Promise<T> {
    signal?.throwIfAborted();
    const kept = this.#granted.get(key) ?? this.#refused.get(key);
    if (kept !== undefined) return kept;
    const answer = this.#underWay.get(key) ?? this.#begin(key, review);
    return signal === undefined ? answer : untilAborted(answer, signal);
  }

  #begin(key: string, review: () => Promise<T>): Promise<T> {
    const { atOnce } = this.#options;
    if (this.#underWay.size >= atOnce) throw new Error(`${atOnce} reviews are under way already`);
    const answer = this.#take(key, review);
    this.#underWay.set(key, answer);
    return answer;
  }

  async #take(key: string, review: () => Promise<T>): Promise<T> {
    const { clock, grants } = this.#options;
    const since = clock.monotonic();
    try {
      const answer = await review();
      (grants(answer) ? this.#granted : this.#refused).set(key, answer, since);
      return answer;
    } finally {
      this.#underWay.delete(key);
    }
  }
}
