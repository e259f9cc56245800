import { untilAborted } from "../internal/abort.ts";

/** What cuts a wait short: `now` is at once, `soon` is as soon as may be. */
export type Call = "now" | "soon";

/** Calls for the next verification. One stands until it has cut a wait short, or a verification answers it. */
export class Calls {
  readonly #standing: Record<Call, PromiseWithResolvers<Call>> = {
    now: Promise.withResolvers(),
    soon: Promise.withResolvers(),
  };
  #isSoon = false;

  now(): void {
    this.#standing.now.resolve("now");
  }

  soon(): void {
    this.#isSoon = true;
    this.#standing.soon.resolve("soon");
  }

  /** A verification begins: one that was called for soon is answered. True: there was such a call since the last time. */
  answer(): boolean {
    const isSoon = this.#isSoon;
    this.#isSoon = false;
    this.#standing.soon = Promise.withResolvers();
    return isSoon;
  }

  /** Waits for `work`, however it ends, or for a call that is heeded; which it was. Rejects when the signal aborts. */
  async during(
    work: (options: { readonly signal: AbortSignal }) => Promise<unknown>,
    heeded: readonly Call[],
    signal: AbortSignal,
  ): Promise<Call | undefined> {
    const cut = new AbortController();
    const over = work({ signal: AbortSignal.any([signal, cut.signal]) }).then(
      () => undefined,
      () => undefined,
    );
    try {
      const calls = heeded.map(async (call) => this.#standing[call].promise);
      const called = await untilAborted(Promise.race([over, ...calls]), signal);
      if (called !== undefined) this.#standing[called] = Promise.withResolvers();
      return called;
    } finally {
      cut.abort();
    }
  }
}
