import type { Clock, Logger } from "@krm/core";

/** Whether lines are being dropped. */
type Dropping =
  | { readonly type: "none" }
  /** Since then (epoch milliseconds), so many lines. */
  | { readonly type: "dropping"; readonly since: number; readonly lines: number };

/** Tells that lines are dropped when it begins, and how many they were when it is over. */
export class DropNotice {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #state: Dropping = { type: "none" };
  #total = 0;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** All lines that were ever dropped. */
  get total(): number {
    return this.#total;
  }

  dropped(lines: number): void {
    this.#total += lines;
    if (this.#state.type === "none") {
      this.#logger.warn({ lines }, "there is no room for more lines to InfluxDB: the oldest are dropped from now on");
      this.#state = { type: "dropping", since: this.#clock.now(), lines };
    } else this.#state = { ...this.#state, lines: this.#state.lines + lines };
  }

  /** There is room again, and the database takes lines. */
  over(): void {
    if (this.#state.type === "none") return;
    const { since, lines } = this.#state;
    this.#state = { type: "none" };
    const seconds = Math.round((this.#clock.now() - since) / 1000);
    this.#logger.warn({ lines, seconds }, `${lines} lines to InfluxDB were dropped; there is room again`);
  }
}
