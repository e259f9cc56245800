import {
  certainOffsetMs,
  type Clock,
  type ClockOffset,
  ClockOffsetEstimator,
  clockOffsetText,
  type Logger,
  type Moment,
  silentLogger,
  systemClock,
} from "@krm/core";

/** What a {@link ServerClock} works with. */
export interface ServerClockOptions {
  /** Ours. Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** Is warned once when the API server's clock is certainly more than 2 s off ours. Default: silent. */
  readonly logger?: Logger | undefined;
}

const OFF_MS = 2000;

/** As RFC 9110 has it: `Thu, 01 Jan 2026 00:00:00 GMT`. Anything else is of somebody who does not know the time. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * What the answers of one API server (or of several behind one address) show of its clock. What stands in between and writes
 * a `Date` of its own, as some HTTP proxies do, is taken for it.
 */
export class ServerClock {
  readonly #estimator = new ClockOffsetEstimator();
  readonly #clock: Clock;
  readonly #logger: Logger;
  #warned = false;

  constructor({ clock = systemClock, logger = silentLogger }: ServerClockOptions = {}) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** To be taken down before a request is sent. */
  now(): Moment {
    return { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
  }

  /** The head of an answer is here, to a request that left us not before `sent`. */
  answered(sent: Moment, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    const { date: text, age } = headers;
    // What came out of a cache was written long ago.
    if (typeof text !== "string" || age !== undefined || !HTTP_DATE.test(text)) return;
    const date = Date.parse(text);
    if (Number.isNaN(date)) return;
    this.#estimator.add({ date, sent, received: this.now() });
    this.#judge();
  }

  /** By how much it is ahead of ours; undefined: not known. */
  offset(): ClockOffset | undefined {
    return this.#estimator.read(this.now());
  }

  #judge(): void {
    const offset = this.offset();
    if (offset === undefined) return;
    const { lowMs, highMs } = offset;
    if (this.#warned) {
      // Well, and not only perhaps well.
      this.#warned = !(lowMs >= -OFF_MS && highMs <= OFF_MS);
      return;
    }
    if (Math.abs(certainOffsetMs(offset)) <= OFF_MS) return;
    this.#warned = true;
    this.#logger.warn(
      { lowMs, highMs },
      `the API server's clock is ${clockOffsetText(offset)}: delays and ages that compare the two are wrong by as much; see whether NTP runs on both machines (chronyc tracking, timedatectl)`,
    );
  }
}
