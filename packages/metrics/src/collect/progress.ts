import type { Settled } from "./metrics-sink.ts";

/** How far a reader of a feed has come for good. */
export interface Place {
  readonly cursor: string;
  /** The newest that the sink had to say. */
  readonly memo: string | undefined;
}

/**
 * Cursors in the order of the feed, each with what must be settled before it holds. Settling may come in any order; the
 * place moves over what is settled without a gap.
 */
export class Progress {
  readonly #waiting: { readonly cursor: string; settled: boolean }[] = [];
  #cursor: string | undefined;
  #memo: string | undefined;

  constructor(place?: Place) {
    this.#cursor = place?.cursor;
    this.#memo = place?.memo;
  }

  /** Behind this, everything is settled. Undefined: nothing is yet. */
  get place(): Place | undefined {
    return this.#cursor === undefined ? undefined : { cursor: this.#cursor, memo: this.#memo };
  }

  /** How many are not settled. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** The feed was read up to here; call what this gives when that is settled. */
  read(cursor: string): Settled {
    const step = { cursor, settled: false };
    this.#waiting.push(step);
    return (memo) => {
      step.settled = true;
      this.#memo = memo ?? this.#memo;
      while (this.#waiting[0]?.settled === true) this.#cursor = this.#waiting.shift()?.cursor;
    };
  }
}
