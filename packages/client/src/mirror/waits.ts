import { KrmClientError } from "../error.ts";
import { checkCallOptions } from "../list-options.ts";
import type { CallOptions } from "../request.ts";
import type { Timing } from "../timing.ts";
import type { MirrorFreshness } from "./mirror-freshness.ts";

/** One who waits for something. */
interface Wait {
  look(): void;
  readonly fail: (error: unknown) => void;
}

/** What somebody waits for. */
export interface Awaited<R> {
  /** What there is of it by now; undefined: not yet. */
  readonly look: () => { readonly found: R } | undefined;
  /** Looked at only when this object changes; undefined: at every change. */
  readonly key?: string | undefined;
  /** For messages: "no set was complete". */
  readonly missing: string;
}

/** Those who wait for a mirror to become something. */
export class Waits {
  readonly #timing: Timing;
  readonly #freshness: () => MirrorFreshness;
  readonly #waiting = new Map<string | undefined, Set<Wait>>();
  #end: { readonly reason: unknown } | undefined;

  constructor(timing: Timing, freshness: () => MirrorFreshness) {
    this.#timing = timing;
    this.#freshness = freshness;
  }

  /** Resolves as soon as it is there. @throws KrmClientError `KRM_CLIENT_TIMEOUT`; the signal's reason; why all ended. */
  async for<R>(awaited: Awaited<R>, options: CallOptions): Promise<R> {
    checkCallOptions(options, "waiting for a mirror");
    const { signal, timeoutMs } = options;
    signal?.throwIfAborted();
    if (this.#end !== undefined) throw this.#end.reason;
    const there = awaited.look();
    if (there !== undefined) return there.found;
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const wait: Wait = {
      look: () => {
        try {
          const now = awaited.look();
          if (now !== undefined) resolve(now.found);
        } catch (error) {
          reject(error);
        }
      },
      fail: reject,
    };
    const abort = (): void => reject(signal?.reason);
    const expire = (): void => reject(this.#timedOut(awaited.missing, timeoutMs));
    const expiry = timeoutMs === undefined ? undefined : this.#timing.timeout(timeoutMs);
    expiry?.addEventListener("abort", expire);
    signal?.addEventListener("abort", abort);
    const others = this.#waiting.get(awaited.key) ?? new Set();
    this.#waiting.set(awaited.key, others.add(wait));
    try {
      return await promise;
    } finally {
      expiry?.removeEventListener("abort", expire);
      signal?.removeEventListener("abort", abort);
      others.delete(wait);
      if (others.size === 0 && this.#waiting.get(awaited.key) === others) this.#waiting.delete(awaited.key);
    }
  }

  /** Something happened: to these objects, or to none. */
  look(keys: Iterable<string>): void {
    this.#lookAt(undefined);
    if (this.#waiting.size > 0) for (const key of keys) this.#lookAt(key);
  }

  /** Everything may be another. */
  lookAtAll(): void {
    this.look([...this.#waiting.keys()].filter((key) => key !== undefined));
  }

  /** Nothing is going to happen any more: all fail, now and from now on. Returns whether there was anybody to hear it. */
  end(reason: unknown): boolean {
    this.#end = { reason };
    const all = [...this.#waiting.values()].flatMap((waits) => [...waits]);
    for (const wait of all) wait.fail(reason);
    return all.length > 0;
  }

  #lookAt(key: string | undefined): void {
    for (const wait of this.#waiting.get(key) ?? []) wait.look();
  }

  #timedOut(missing: string, timeoutMs: number | undefined): KrmClientError {
    const freshness = this.#freshness();
    return new KrmClientError("KRM_CLIENT_TIMEOUT", `${missing} within ${String(timeoutMs)} ms`, {
      hint: freshness.warnings.length > 0 ? `look at why: ${freshness.warnings.join("; ")}` : "raise timeoutMs",
      freshness,
    });
  }
}
