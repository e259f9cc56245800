import { Deque } from "../../internal/deque.ts";

interface Ticket {
  done: boolean;
  readonly settled: (() => void) | undefined;
}

/**
 * Calls what was handed in when it is done, but never before what was handed in earlier. Calls come in a microtask: never
 * from within whoever says that something is done.
 */
export class SettleOrder {
  readonly #tickets = new Deque<Ticket>();
  readonly #onError: (error: unknown) => void;
  #scheduled = false;

  /** @param onError hears what a callback throws; the others are called all the same */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Hands in; what is returned says that it is done. */
  add(settled: (() => void) | undefined): () => void {
    const ticket: Ticket = { done: false, settled };
    this.#tickets.push(ticket);
    return () => {
      ticket.done = true;
      if (this.#tickets.first?.done === true && !this.#scheduled) {
        this.#scheduled = true;
        queueMicrotask(() => this.#call());
      }
    };
  }

  #call(): void {
    this.#scheduled = false;
    while (this.#tickets.first?.done === true) {
      const { settled } = this.#tickets.shift() as Ticket;
      try {
        settled?.();
      } catch (error) {
        this.#onError(error);
      }
    }
  }
}
