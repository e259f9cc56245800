import { type Clock, KrmError, type Logger } from "@krm/core";
import { sentences } from "../errors/error-line.ts";

/**
 * Whether the store does what it is asked, by scope and call: reads may well be answered while writes are refused. Tells
 * when it begins to fail and when all is well again, one line each.
 */
export class StoreHealth {
  readonly #logger: Logger;
  readonly #clock: Clock;
  /** Since when, by the monotonic clock, a call fails: by scope and call. */
  readonly #failing = new Map<string, Map<string, number>>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** Passes on what the store answers to one call, and takes notice of it. */
  async heard<T>(scope: string, call: string, answer: Promise<T>): Promise<T> {
    try {
      const result = await answer;
      this.#answered(scope, call);
      return result;
    } catch (error) {
      if (KrmError.is(error, "KRM_STORE_FAILED") || KrmError.is(error, "KRM_STORE_FULL"))
        this.#failed(scope, call, error);
      // A refusal is an answer too; that the caller has left tells nothing.
      else if (KrmError.is(error)) this.#answered(scope, call);
      throw error;
    }
  }

  /** Forgets how the calls of a scope fared: what made them is over. */
  forget(scope: string): void {
    if (this.#failing.has(scope)) this.#end(scope);
  }

  /** For how long the store has been failing a scope, in seconds; 0: it does not. */
  failingSeconds(scope: string): number {
    const since = Math.min(...(this.#failing.get(scope)?.values() ?? []));
    return Number.isFinite(since) ? (this.#clock.monotonic() - since) / 1000 : 0;
  }

  /** Whether anything fails now. */
  get failing(): boolean {
    return this.#failing.size > 0;
  }

  #failed(scope: string, call: string, error: KrmError): void {
    if (!this.failing) {
      const why = sentences(error.message, error.hint);
      this.#logger.warn({ about: { error: error.code } }, `the store fails, trying on: ${why}`);
    }
    const calls = this.#failing.get(scope) ?? new Map<string, number>();
    this.#failing.set(scope, calls);
    if (!calls.has(call)) calls.set(call, this.#clock.monotonic());
  }

  #answered(scope: string, call: string): void {
    const calls = this.#failing.get(scope);
    if (calls === undefined || !calls.delete(call)) return;
    if (calls.size === 0) this.#end(scope);
  }

  #end(scope: string): void {
    this.#failing.delete(scope);
    if (!this.failing) this.#logger.info({}, "the store answers again");
  }
}
