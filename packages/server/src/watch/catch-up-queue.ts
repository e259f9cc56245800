import { setImmediate as nextTurn } from "node:timers/promises";

/** Watches that are behind and write at the same time: the first to come are served whole, not all of them a little. */
const AT_ONCE = 4;
/** What all of them together cost in one turn of the event loop. Bytes. */
const PER_TURN = 256 * 1024;

/**
 * When the watches of a hub that are behind may go on. One that has begun goes before those that have not, since the log
 * may go on without it. Who has a place must not wait for its reader: it leaves, and comes again.
 */
export class CatchUpQueue {
  #free = AT_ONCE;
  #left = PER_TURN;
  #refill: Promise<void> | undefined;
  readonly #begun: (() => void)[] = [];
  readonly #others: (() => void)[] = [];

  /** Takes a place if there is one right now. */
  tryEnter(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** Resolves with a place, also for who does not want it any more: it must be left. */
  async enter(hasBegun: boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    (hasBegun ? this.#begun : this.#others).push(resolve);
    await promise;
  }

  leave(): void {
    const next = this.#begun.shift() ?? this.#others.shift();
    if (next === undefined) this.#free++;
    else next();
  }

  /** Others are to get the event loop first: await {@link anew}. */
  get isSpent(): boolean {
    return this.#left <= 0;
  }

  spend(cost: number): void {
    this.#left -= cost;
  }

  async anew(): Promise<void> {
    while (this.isSpent) await (this.#refill ??= this.#refilled());
  }

  async #refilled(): Promise<void> {
    await nextTurn();
    this.#left = PER_TURN;
    this.#refill = undefined;
  }
}
