import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";

/** Whether a source answers, and since when it does not. */
export class SourceContact {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #silentMs: number;
  #heard: { readonly wall: number; readonly monotonic: number } | undefined;
  #failing = false;

  /** @param silentMs who says nothing for longer than this is not there */
  constructor(clock: Clock, logger: Logger, silentMs: number) {
    this.#clock = clock;
    this.#logger = logger;
    this.#silentMs = silentMs;
  }

  get connected(): boolean {
    if (this.#heard === undefined || this.#failing) return false;
    return this.#clock.monotonic() - this.#heard.monotonic <= this.#silentMs;
  }

  /** Wall clock, epoch milliseconds. */
  get lastHeard(): number | undefined {
    return this.#heard?.wall;
  }

  /** The source has answered. */
  heard(): void {
    this.#heard = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
    if (this.#failing) this.#logger.info({}, "the store answers again");
    this.#failing = false;
  }

  /** The source could not be asked. */
  failed(error: unknown): void {
    const fields = { err: error };
    if (this.#failing) this.#logger.debug(fields, "the store still does not answer");
    else this.#logger.warn(fields, "the store does not answer; serving what it last told");
    this.#failing = true;
  }
}
