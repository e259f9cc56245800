import { type Clock, type Scope, scopeId, systemClock } from "@krm/core";
import type { Measured } from "../delay/delay.ts";
import { QuantileSketch } from "../points/quantile-sketch.ts";
import type { MetricsSink, Settled } from "./metrics-sink.ts";

/** How late the events of one minute were. Seconds; times are wall clock, epoch milliseconds. */
export interface DelayMinute {
  /** When it began. */
  readonly at: number;
  /** Events that a delay could be told of. */
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

const MINUTE_MS = 60_000;

/** Minutes that are kept: an hour, and the one that goes on. */
const MOST_MINUTES = 61;

/**
 * How late events were within the last hour, minute by minute, as this process saw it: nothing is read back after a restart.
 * It keeps 61 sketches a scope at most, however many events there are; each quantile is off by 1 % of its value.
 */
export class DelayHistory implements MetricsSink {
  readonly #clock: Clock;
  readonly #scopes = new Map<string, Map<number, QuantileSketch>>();
  /** Since when it has been there to take what is measured: wall clock, epoch milliseconds. */
  readonly since: number;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.since = clock.now();
  }

  delays(scope: Scope, measured: readonly Measured[], settled: Settled): void {
    for (const each of measured) if (each?.type === "delay") this.#add(scope, each.delay);
    settled();
  }

  status(): void {
    // How a scope is, is told elsewhere.
  }

  /** The minutes of the last `withinMs` in which there was something to measure, oldest first; the last one may go on. */
  minutes(scope: Scope, withinMs: number = 60 * MINUTE_MS): readonly DelayMinute[] {
    const from = this.#clock.now() - withinMs - MINUTE_MS;
    return [...(this.#scopes.get(scopeId(scope)) ?? [])]
      .filter(([at]) => at > from)
      .toSorted(([a], [b]) => a - b)
      .map(([at, sketch]) => ({
        at,
        count: sketch.count,
        p50: sketch.quantile(0.5),
        p90: sketch.quantile(0.9),
        p99: sketch.quantile(0.99),
      }));
  }

  #add(scope: Scope, { observedAt, seconds }: { readonly observedAt: number; readonly seconds: number }): void {
    const id = scopeId(scope);
    let minutes = this.#scopes.get(id);
    if (minutes === undefined) this.#scopes.set(id, (minutes = new Map()));
    const at = Math.floor(observedAt / MINUTE_MS) * MINUTE_MS;
    let sketch = minutes.get(at);
    if (sketch === undefined) {
      minutes.set(at, (sketch = new QuantileSketch()));
      if (minutes.size > MOST_MINUTES) minutes.delete(Math.min(...minutes.keys()));
    }
    sketch.add(seconds);
  }
}
