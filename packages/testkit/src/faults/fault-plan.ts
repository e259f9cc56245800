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
 * decides; whoever asks does it. Each answer about an event or a request costs the same number of random draws, and what
 * is asked at other moments is drawn from a source of its own, so that another fault in the specification does not shift
 * the others.
 *
 * @example
 * const plan = new FaultPlan(parseFaults("drop=0.01"), 42);
 * if (!plan.nextEvent().drop) send(event);
 */
export class FaultPlan {
  /** What can go wrong; also what happens at intervals, which nothing decides by chance. */
  readonly spec: FaultSpec;
  readonly #random: SeededRandom;
  readonly #losing: SeededRandom;
  readonly #lagging: SeededRandom;
  readonly #muting: SeededRandom;
  readonly #hushing: SeededRandom;

  constructor(spec: FaultSpec, seed: number | string) {
    this.spec = spec;
    this.#random = new SeededRandom(seed);
    this.#losing = new SeededRandom(`${seed}/lose`);
    this.#lagging = new SeededRandom(`${seed}/lag`);
    this.#muting = new SeededRandom(`${seed}/mute`);
    this.#hushing = new SeededRandom(`${seed}/hush`);
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

  /** Whether the next change or deletion never reaches the watch cache. */
  nextLost(): boolean {
    return this.#losing.chance(this.spec.lose ?? 0);
  }

  /** Whether the next list or watch is served by the replica that lags. */
  nextLagging(): boolean {
    return this.#lagging.chance(this.spec.lag?.probability ?? 0);
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
    return about(this.spec.disconnectMs, this.#random);
  }

  /** When, after its start, the next watch falls silent; undefined: never. */
  stallAfterMs(): number | undefined {
    return about(this.spec.stallMs, this.#random);
  }

  /** When, after its start, the next watch has only bookmarks left to send; undefined: never. */
  muteAfterMs(): number | undefined {
    return about(this.spec.muteMs, this.#muting);
  }

  /** When, after its start, the next watch has only line breaks left to send; undefined: never. */
  hushAfterMs(): number | undefined {
    return about(this.spec.hushMs, this.#hushing);
  }
}

/** Give or take a half. */
function about(ms: number | undefined, random: SeededRandom): number | undefined {
  const factor = 0.5 + random.next();
  return ms === undefined ? undefined : ms * factor;
}
