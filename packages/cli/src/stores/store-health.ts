import { type Clock, KrmError, type Logger } from "@krm/core";
import type { StoreCalls } from "@krm/metrics/prometheus";
import { sentences } from "../errors/error-line.ts";

/** Where one of these is answered, so are the others: what began with one of them is often gone on with by another. */
const READS: ReadonlySet<string> = new Set([
  "meta",
  "get",
  "read",
  "index",
  "cursor",
  "oldestCursor",
  "reports",
  "checkpoint",
]);

/**
 * Whether the store does what it is asked, by scope: its reads, and each call that writes. Reads may well be answered
 * while writes are refused. Tells when it begins to fail and when all is well again, one line each.
 */
export class StoreHealth {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #calls: StoreCalls | undefined;
  /** Since when, by the monotonic clock, something fails: by scope and by what is asked. */
  readonly #failing = new Map<string, Map<string, number>>();

  /** @param calls Where it is measured how long calls take. @default nowhere */
  constructor(logger: Logger, clock: Clock, calls?: StoreCalls) {
    this.#logger = logger;
    this.#clock = clock;
    this.#calls = calls;
  }

  /** Makes one call, passes on what the store answers, and takes notice of it. */
  async heard<T>(scope: string, call: string, ask: () => Promise<T>): Promise<T> {
    const asked = this.#clock.monotonic();
    const seconds = (): number => (this.#clock.monotonic() - asked) / 1000;
    try {
      const result = await ask();
      this.#calls?.answered(call, seconds());
      this.#answered(scope, call);
      return result;
    } catch (error) {
      // That the caller has left is no error of the store's.
      if (KrmError.is(error)) this.#calls?.failed(call, error.code, seconds());
      if (KrmError.is(error, "KRM_STORE_FAILED") || KrmError.is(error, "KRM_STORE_FULL"))
        this.#failed(scope, call, error);
      // A refusal is an answer too; that the caller has left tells nothing.
      else if (KrmError.is(error)) this.#answered(scope, call);
      throw error;
    }
  }

  /** Passes on a feed. That it ends with an error is measured; whoever reads it asks again, and that is heard by itself. */
  async *followed<T>(call: string, feed: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    try {
      yield* feed;
    } catch (error) {
      if (KrmError.is(error)) this.#calls?.failed(call, error.code);
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
      this.#logger.warn({ about: { err: error } }, `the store fails, trying on: ${why}`);
    }
    const calls = this.#failing.get(scope) ?? new Map<string, number>();
    this.#failing.set(scope, calls);
    const asked = kindOf(call);
    if (!calls.has(asked)) calls.set(asked, this.#clock.monotonic());
  }

  #answered(scope: string, call: string): void {
    const calls = this.#failing.get(scope);
    if (calls === undefined || !calls.delete(kindOf(call))) return;
    if (calls.size === 0) this.#end(scope);
  }

  #end(scope: string): void {
    this.#failing.delete(scope);
    if (!this.failing) this.#logger.info({}, "the store answers again");
  }
}

function kindOf(call: string): string {
  return READS.has(call) ? "reads" : call;
}
