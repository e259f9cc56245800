import type { Scope, ScopeStatus } from "@krm/core";
import type { Measured } from "../delay/delay.ts";
import type { CollectorReport } from "./collector-counters.ts";
import type { MetricsSink, Settled } from "./metrics-sink.ts";

/** Several sinks as one: what is settled for all of them is settled. One of them may leave memos. */
export class TeeSink implements MetricsSink {
  readonly #sinks: readonly MetricsSink[];

  constructor(sinks: readonly MetricsSink[]) {
    this.#sinks = sinks;
  }

  delays(scope: Scope, measured: readonly Measured[], settled: Settled): void {
    let left = this.#sinks.length;
    let kept: string | undefined;
    const one: Settled = (memo) => {
      kept = memo ?? kept;
      if (--left === 0) settled(kept);
    };
    if (left === 0) settled();
    for (const sink of this.#sinks) sink.delays(scope, measured, one);
  }

  status(status: ScopeStatus, at: number): void {
    for (const sink of this.#sinks) sink.status(status, at);
  }

  collector(report: CollectorReport, at: number): void {
    for (const sink of this.#sinks) sink.collector?.(report, at);
  }

  restore(scope: Scope, memo: string): void {
    for (const sink of this.#sinks) sink.restore?.(scope, memo);
  }
}
