const COMPACT_FROM = 1024;

/** A queue with two ends, each of which costs the same however long it is. */
export class Deque<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  get last(): T | undefined {
    return this.length === 0 ? undefined : this.#items.at(-1);
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head >= COMPACT_FROM && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Puts items before the first one, in their order. */
  unshift(items: readonly T[]): void {
    if (items.length > this.#head) {
      this.#items = [...items, ...this.#items.slice(this.#head)];
      this.#head = 0;
      return;
    }
    this.#head -= items.length;
    for (const [index, item] of items.entries()) this.#items[this.#head + index] = item;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let index = this.#head; index < this.#items.length; index++) yield this.#items[index] as T;
  }
}
