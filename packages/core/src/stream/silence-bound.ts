/** A server that sends bookmarks sends one a minute: two and a half without news are worth a question. */
export const FIRST_SILENCE_MS = 150_000;

/** However quiet a resource is, it is asked this often. */
export const LONGEST_SILENCE_MS = 600_000;

/**
 * For how long the watch of one scope may bring no news before it is doubted. Learnt: a resource that turned out to be
 * just quiet is left alone for twice as long, and one whose watch had stalled is watched as closely as at first.
 */
export class SilenceBound {
  #ms: number = FIRST_SILENCE_MS;

  get ms(): number {
    return this.#ms;
  }

  /** Two watches were silent for so long. */
  wasQuiet(): void {
    this.#ms = Math.min(2 * this.#ms, LONGEST_SILENCE_MS);
  }

  /** One watch was silent, and another was not. */
  wasStalled(): void {
    this.#ms = FIRST_SILENCE_MS;
  }
}
