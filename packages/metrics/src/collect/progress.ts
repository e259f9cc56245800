import { Deque } from "../internal/deque.ts";
import type { Settled } from "./metrics-sink.ts";

/** How far a reader of a feed has come for good. */
export interface Place {
  readonly cursor: string;
  /** What the sink had to say with it. */
  readonly memo: string | undefined;
}

interface Step {
  cursor: string;
  settled: boolean;
  memo: string | undefined;
}

/**
 * Cursors in the order of the feed, each with what must be settled before it holds. Settling may come in any order; the
 * place moves over what is settled without a gap, and takes along the memo of the last of that which had one.
 */
export class Progress {
  readonly #waiting = new Deque<Step>();
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
    const step: Step = { cursor, settled: false, memo: undefined };
    this.#waiting.push(step);
    return (memo) => {
      step.settled = true;
      step.memo = memo;
      this.#advance();
    };
  }

  /** The feed was read up to here, and there was nothing to settle. However often, it takes no room. */
  pass(cursor: string): void {
    const { last } = this.#waiting;
    if (last === undefined) this.#cursor = cursor;
    else last.cursor = cursor;
  }

  #advance(): void {
    for (let { first } = this.#waiting; first?.settled === true; { first } = this.#waiting) {
      this.#cursor = first.cursor;
      this.#memo = first.memo ?? this.#memo;
      this.#waiting.shift();
    }
  }
}
