interface Waiter {
  /** The place before which all lines are to be gone. */
  readonly line: number;
  /** In which turn it came. */
  readonly turn: number;
  readonly resolve: () => void;
}

/** Those who have asked for a send, and wait for what it comes to. */
export class FlushWaiters {
  readonly #waiters = new Set<Waiter>();
  #turn = 0;
  #through = 0;

  /** Lines before this place are to be sent now. */
  get through(): number {
    return this.#through;
  }

  get pending(): boolean {
    return this.#waiters.size > 0;
  }

  /** Resolves when all lines before this place are gone, or a turn that began after this call has failed. */
  add(line: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#through = Math.max(this.#through, line);
    this.#waiters.add({ line, turn: this.#turn, resolve });
    return promise;
  }

  /** A turn begins. */
  begin(): void {
    this.#turn += 1;
  }

  /** It has ended. */
  end(failed: boolean, gone: (line: number) => boolean): void {
    for (const waiter of this.#waiters)
      if (gone(waiter.line) || (failed && waiter.turn < this.#turn)) {
        this.#waiters.delete(waiter);
        waiter.resolve();
      }
  }

  /** No turn will come any more. */
  release(): void {
    for (const { resolve } of this.#waiters) resolve();
    this.#waiters.clear();
  }
}
