import { SeededRandom } from "../random/seeded-random.ts";
import type { FaultSpec } from "./fault-spec.ts";

/** What goes wrong with one event of one watch. Several can come together; `drop` makes the others void. */
export interface EventFault {
  readonly drop: boolean;
  readonly duplicate: boolean;
  /** It changes places with the next one. */
  readonly reorder: boolean;
  /** It is cut, and the connection ends. */
  readonly truncate: boolean;
  /** It, and all behind it, is held up for so long. */
  readonly delayMs: number;
}

/** What goes wrong with one request; `status` undefined: nothing. */
export interface RequestFault {
  readonly status: 410 | 429 | 500 | undefined;
  /** With 429. */
  readonly retryAfterSeconds: number | undefined;
}

/**
 * Decides by seed what goes wrong: the same seed and the same questions in the same order give the same answers. It only
 * decides; whoever asks does it. Each answer about an event or a request costs the same number of random draws, so that
 * another fault in the specification does not shift the others.
 *
 * @example
 * const plan = new FaultPlan(parseFaults("drop=0.01"), 42);
 * if (!plan.nextEvent().drop) send(event);
 */
export class FaultPlan {
  readonly spec: FaultSpec;
  readonly #random: SeededRandom;

  constructor(spec: FaultSpec, seed: number | string) {
    this.spec = spec;
    this.#random = new SeededRandom(seed);
  }

  /** How often the history is compacted; undefined: never. */
  get compactEveryMs(): number | undefined {
    return this.spec.compactEveryMs;
  }

  /** How often the API server restarts; undefined: never. */
  get restartEveryMs(): number | undefined {
    return this.spec.restartEveryMs;
  }

  /** A plan of its own for one watch: what it draws does not shift what others draw. */
  fork(purpose: string): FaultPlan {
    return new FaultPlan(this.spec, `${this.#random.uint32()}/${purpose}`);
  }

  /** The next event's fate. */
  nextEvent(): EventFault {
    const { delay, drop = 0, duplicate = 0, reorder = 0, truncate = 0 } = this.spec;
    return {
      drop: this.#random.chance(drop),
      duplicate: this.#random.chance(duplicate),
      reorder: this.#random.chance(reorder),
      truncate: this.#random.chance(truncate),
      delayMs: this.#random.chance(delay?.probability ?? 0) ? (delay?.ms ?? 0) : 0,
    };
  }

  /** The next request's fate. `expirable`: it names a version or continues a list, so that a 410 can be the answer. */
  nextRequest(options: { readonly expirable?: boolean } = {}): RequestFault {
    const { expired = 0, internalError = 0, tooManyRequests } = this.spec;
    const refused = this.#random.chance(tooManyRequests?.probability ?? 0);
    const failed = this.#random.chance(internalError);
    const gone = this.#random.chance(expired);
    if (refused) return { status: 429, retryAfterSeconds: tooManyRequests?.retryAfterSeconds };
    if (failed) return { status: 500, retryAfterSeconds: undefined };
    return { status: gone && options.expirable === true ? 410 : undefined, retryAfterSeconds: undefined };
  }

  /** When, after its start, the next watch's connection breaks; undefined: never. */
  disconnectAfterMs(): number | undefined {
    return this.#about(this.spec.disconnectMs);
  }

  /** When, after its start, the next watch falls silent; undefined: never. */
  stallAfterMs(): number | undefined {
    return this.#about(this.spec.stallMs);
  }

  #about(ms: number | undefined): number | undefined {
    const factor = 0.5 + this.#random.next();
    return ms === undefined ? undefined : ms * factor;
  }
}
