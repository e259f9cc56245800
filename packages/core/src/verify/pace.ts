/** What a verification had to say, as far as its pace is concerned. */
export type RoundResult = "consistent" | "drift" | "undecided";

/** How often, and how dearly, a verifier may ask. */
export interface PaceOptions {
  /** The mean time between two verifications to begin with, in milliseconds. */
  readonly everyMs: number;
  /** Requests to the API server an hour, on average. */
  readonly budgetPerHour: number;
}

/** After drift the next verification comes this much sooner, and while all is well at most this much later. */
const SOONER = 10;
const LATER = 2;
/** While all is well the time between two verifications grows by half each time. */
const GROWTH = 1.5;
/** However soon, not sooner than this; and one that is asked for out of turn not sooner after any other. */
const SOONEST_MS = 10_000;
const HOUR_MS = 3_600_000;

/** Objects that one verification asks by name without a reason, at most. */
const MOST_SAMPLES = 100;
/** After a sample has found something, it looks that much harder until all is well again. */
const HARDER = 5;

/**
 * When the next verification is due, and how many objects it may ask by name: sooner after drift, later while all is
 * well, and never beyond the budget. The budget is a bucket: it fills by the hour's requests and holds a quarter of them
 * (or one round, where that costs more), so that a round after drift need not wait. A debt of more than an hour's requests
 * (or one round) is forgiven. Times are of a monotonic clock.
 */
export class Pace {
  readonly #options: PaceOptions;
  #everyMs: number;
  #tokens: number;
  #at: number;
  /** What the last round cost without its samples. */
  #roundCost = 1;
  #alert = false;
  #endedAt: number | undefined;
  /** When the last round that was asked for soon had ended, and how long after it the next such one may begin. */
  #soonAt = -Infinity;
  #soonApartMs = SOONEST_MS;

  constructor(options: PaceOptions, now: number) {
    this.#options = options;
    this.#everyMs = options.everyMs;
    this.#tokens = options.budgetPerHour / 4;
    this.#at = now;
  }

  /** The mean time between two verifications now. */
  get everyMs(): number {
    return this.#everyMs;
  }

  /** How many objects the next round may ask by name. */
  samples(now: number): number {
    this.#fill(now);
    const { budgetPerHour } = this.#options;
    const share = (budgetPerHour * this.#everyMs) / HOUR_MS - this.#roundCost;
    const wanted = Math.min(MOST_SAMPLES, Math.max(1, share)) * (this.#alert ? HARDER : 1);
    return Math.floor(Math.max(1, Math.min(wanted, this.#tokens - this.#roundCost)));
  }

  /**
   * The time until a verification that is asked for out of turn may begin: when it can be paid, ten seconds after any other,
   * and twice as long after each such one that found nothing as after the one before, up to the period.
   */
  soonMs(now: number): number {
    this.#fill(now);
    const apart = Math.max((this.#endedAt ?? -Infinity) + SOONEST_MS, this.#soonAt + this.#soonApartMs) - now;
    return Math.ceil(Math.max(0, apart, this.#lackMs(this.#roundCost + 1)));
  }

  /**
   * A verification ended; the time until the next one is due. `random` in [0, 1): half to one and a half of the mean.
   *
   * @param requests What it asked of the API server, `samples` of them objects by name without a reason.
   * @param sampled A sample found what list and stream agreed not to tell.
   * @param soon It was asked for out of turn, by who may ask for ever.
   */
  ended(
    round: {
      readonly result: RoundResult;
      readonly requests: number;
      readonly samples: number;
      readonly sampled: boolean;
      readonly soon?: boolean | undefined;
    },
    now: number,
    random: number,
  ): number {
    const { everyMs } = this.#options;
    this.spend(round.requests, now);
    this.#roundCost = Math.max(1, round.requests - round.samples);
    if (round.sampled) this.#alert = true;
    else if (round.result === "consistent") this.#alert = false;
    if (round.result === "drift") this.#soonApartMs = SOONEST_MS;
    if (round.soon === true) {
      this.#soonAt = now;
      const longest = Math.max(SOONEST_MS, everyMs);
      if (round.result === "consistent") this.#soonApartMs = Math.min(longest, this.#soonApartMs * 2);
    }
    const soonest = Math.min(everyMs, Math.max(SOONEST_MS, everyMs / SOONER));
    if (round.result === "drift") this.#everyMs = soonest;
    else if (round.result === "consistent") this.#everyMs = Math.min(everyMs * LATER, this.#everyMs * GROWTH);
    const wait = this.#everyMs * (0.5 + random);
    return Math.round(Math.max(wait, this.#lackMs(this.#roundCost + 1)));
  }

  /** Counts requests that came to nothing; the time until there is room for as many again. */
  spend(requests: number, now: number): number {
    this.#fill(now);
    this.#tokens = Math.max(-Math.max(this.#options.budgetPerHour, requests), this.#tokens - requests);
    this.#endedAt = now;
    return Math.ceil(this.#lackMs(Math.max(requests, 1)));
  }

  /** The time until the bucket holds so much. */
  #lackMs(requests: number): number {
    return Math.max(0, ((requests - this.#tokens) / this.#options.budgetPerHour) * HOUR_MS);
  }

  #fill(now: number): void {
    const { budgetPerHour } = this.#options;
    const most = Math.max(budgetPerHour / 4, this.#roundCost + 1);
    this.#tokens = Math.min(most, this.#tokens + ((now - this.#at) / HOUR_MS) * budgetPerHour);
    this.#at = now;
  }
}
