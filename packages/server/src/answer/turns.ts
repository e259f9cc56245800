import { setImmediate as nextTurn } from "node:timers/promises";

/**
 * Divides long work into turns of the event loop, so that others are answered in between. A turn is measured in the bytes
 * that are worked on: objects differ in size by a thousand times.
 */
export class Turns {
  readonly #bytes: number;
  readonly #signal: AbortSignal | undefined;
  #left: number;

  /** @param bytes of one turn: those of a few milliseconds. One object that is larger has a turn of its own. */
  constructor(bytes: number, signal: AbortSignal | undefined) {
    this.#bytes = bytes;
    this.#signal = signal;
    this.#left = bytes;
  }

  /** Counts work that was done. True: the turn is over. */
  spend(bytes: number): boolean {
    this.#left -= bytes;
    return this.#left <= 0;
  }

  /** Resolves in the next turn. Rejects with the signal's reason: nobody waits for the work any more. */
  async next(): Promise<void> {
    await nextTurn();
    this.#signal?.throwIfAborted();
    this.#left = this.#bytes;
  }
}
