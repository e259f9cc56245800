import { KrmError } from "../errors.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import type { Clock } from "../ports/clock.ts";
import type { ListWatch, WatchEvent } from "../ports/list-watch.ts";
import { type BackoffOptions, backoffMs } from "./backoff.ts";
import { classifyWatch } from "./classify.ts";
import { secondWatch } from "./second-watch.ts";
import type { SilenceBound } from "./silence-bound.ts";
import type { WatchConnection } from "./watch-connection.ts";

/** What a guarded watch works with. */
export interface GuardedWatchOptions {
  readonly listWatch: ListWatch;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly backoff: BackoffOptions;
  readonly silence: SilenceBound;
  /** Called now and then while the watch is open, each 30 s at least. */
  readonly onTick: () => void;
  /** The watch had stalled for so many milliseconds, and was replaced by one that had not: that is what comes next. */
  readonly onStall: (silentMs: number, second: WatchConnection) => void;
  /** The watch that was opened to compare failed; the first one goes on. */
  readonly onSecondFailed: (error: unknown) => void;
}

/** On top of the time after which the server ends a watch by itself. kube-rs allows as much. */
export const GRACE_MS = 5000;

const TICK_MS = 30_000;

/**
 * A watch that cannot go dead unnoticed. Half-open connections bring neither bytes nor an end (trap 25), proxies hold
 * events back, and a server can send bytes without news; only news proves that news would come. So:
 *
 * - a watch without news for longer than `silence` says is doubted: a second one is opened from the last position, and
 *   where that brings news while the first has none, the first is closed and the second goes on in its place;
 * - one without news for its own timeout and 5 s is closed, and `KRM_WATCH_SILENT` thrown.
 *
 * There are never more than two watches. Costs nothing per batch but what {@link told} does.
 */
export class GuardedWatch {
  readonly #options: GuardedWatchOptions;
  #current: WatchConnection;
  /** Goes on when the current one has ended. */
  #successor: WatchConnection | undefined;
  /** Why the current one was closed, where that was an error. */
  #failure: { readonly error: unknown } | undefined;
  #position: ResourceVersion;
  #newsAt: number;
  /** Set while a second watch is compared with the first: ends that. */
  #comparing: AbortController | undefined;

  /** @param first an open connection; what it brings next comes after `position` */
  constructor(first: WatchConnection, position: ResourceVersion, options: GuardedWatchOptions) {
    this.#options = options;
    this.#current = first;
    this.#position = position;
    this.#newsAt = options.clock.monotonic();
  }

  /** The last batch was news, and the stream has told everything up to here now. */
  told(position: ResourceVersion): void {
    this.#position = position;
    this.#newsAt = this.#options.clock.monotonic();
    this.#comparing?.abort();
  }

  /** Ends it; who reads gets the reason. */
  close(reason?: unknown): void {
    this.#current.close(reason);
    this.#successor?.close(reason);
  }

  /** What the watch brings; the reader says of each batch whether it was news. Ends, and throws, as `ListWatch.watch` says. */
  async *batches(): AsyncGenerator<readonly WatchEvent[], void, undefined> {
    const over = new AbortController();
    const guards = [this.#limit(over.signal), this.#doubt(over.signal)].map((guard) => guard.catch(() => {}));
    try {
      for (;;) {
        try {
          for (let step = await this.#current.next(); step.done !== true; step = await this.#current.next())
            yield step.value;
        } catch (error) {
          if (this.#failure !== undefined) throw this.#failure.error;
          if (this.#successor === undefined) throw error;
        }
        if (this.#successor === undefined) return;
        this.#current = this.#successor;
        this.#successor = undefined;
      }
    } finally {
      over.abort();
      this.close();
      await Promise.all(guards);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.close(error);
  }

  /** Closes a watch that should have ended long ago. */
  async #limit(signal: AbortSignal): Promise<void> {
    const { clock, onTick } = this.#options;
    for (;;) {
      const silentMs = clock.monotonic() - this.#newsAt;
      onTick();
      const left = this.#current.timeoutMs + GRACE_MS - silentMs;
      if (left <= 0) break;
      await clock.sleep(Math.ceil(Math.min(left, TICK_MS)), { signal });
    }
    const seconds = Math.round((clock.monotonic() - this.#newsAt) / 1000);
    this.#fail(new KrmError("KRM_WATCH_SILENT", `the watch brought no news for ${seconds} s; connecting anew`));
  }

  /** Doubts a silent watch, again and again. */
  async #doubt(signal: AbortSignal): Promise<void> {
    const { clock, random, backoff, silence, onSecondFailed } = this.#options;
    let comparedAt = this.#newsAt;
    let failures = 0;
    for (;;) {
      const left = Math.max(this.#newsAt, comparedAt) + this.#boundMs - clock.monotonic();
      if (left > 0) {
        await clock.sleep(Math.ceil(left), { signal });
        continue;
      }
      const found = await this.#compare(signal);
      comparedAt = clock.monotonic();
      if (found.result !== "failed") failures = 0;
      if (found.result === "quiet") silence.wasQuiet();
      if (found.result !== "failed") continue;
      const trouble = classifyWatch(found.error);
      // What came after the position cannot be told any more, or not be read: that is for a list to say.
      if (trouble.type === "expired" || trouble.type === "undecodable") {
        this.#fail(found.error);
        return;
      }
      onSecondFailed(found.error);
      const retryAfterMs = trouble.type === "retry" ? trouble.retryAfterMs : undefined;
      const ms = trouble.type === "blocked" ? backoff.probeMs : backoffMs(++failures, random(), retryAfterMs, backoff);
      // As long as before it is doubted again, less what is to be waited.
      comparedAt += ms - this.#boundMs;
    }
  }

  /** A watch that ends by itself before is doubted by that. */
  get #boundMs(): number {
    return Math.min(this.#options.silence.ms, this.#current.timeoutMs);
  }

  async #compare(signal: AbortSignal): ReturnType<typeof secondWatch> {
    const { listWatch, clock, silence, onStall } = this.#options;
    const silentSince = this.#newsAt;
    const comparing = new AbortController();
    this.#comparing = comparing;
    try {
      const found = await secondWatch(listWatch, {
        clock,
        from: this.#position,
        boundMs: this.#boundMs,
        signal: AbortSignal.any([signal, comparing.signal]),
      });
      if (found.result !== "news") return found;
      // From here on the second is the watch.
      const silentMs = clock.monotonic() - silentSince;
      this.#newsAt = clock.monotonic();
      this.#successor = found.watch;
      silence.wasStalled();
      onStall(silentMs, found.watch);
      this.#current.close();
      return found;
    } finally {
      this.#comparing = undefined;
    }
  }
}
