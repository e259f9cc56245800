/** Work to be done at a time to come, in order: by time, then as it was put in. */
export class Agenda {
  readonly #items: { readonly due: number; readonly order: number; readonly work: () => void }[] = [];
  #order = 0;

  /** How much is to be done. */
  get size(): number {
    return this.#items.length;
  }

  /** When the next work is due, on the clock that `add` was given times of; undefined: there is none. */
  get nextDue(): number | undefined {
    return this.#items[0]?.due;
  }

  add(due: number, work: () => void): void {
    const item = { due, order: this.#order++, work };
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#items[middle]?.due ?? 0) > due) high = middle;
      else low = middle + 1;
    }
    this.#items.splice(low, 0, item);
  }

  /** Takes out the next work if it is due by `now`. */
  take(now: number): (() => void) | undefined {
    const due = this.nextDue;
    return due !== undefined && due <= now ? this.#items.shift()?.work : undefined;
  }
}
