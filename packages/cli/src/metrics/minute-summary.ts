import type { CollectorReport, Measured, MetricsSink, Settled } from "@krm/metrics";
import type { InfluxReport } from "@krm/metrics/influx";

/** Delays of one minute that quantiles are told from; above it, from those that came first. */
const MOST = 10_000;

/** What was measured since it was last told, in a line. */
export class MinuteSummary implements MetricsSink {
  #seconds: number[] = [];
  #count = 0;
  #written = 0;

  delays(_scope: unknown, measured: readonly Measured[], settled: Settled): void {
    for (const each of measured) {
      if (each?.type !== "delay") continue;
      this.#count++;
      if (this.#seconds.length < MOST) this.#seconds.push(each.delay.seconds);
    }
    settled();
  }

  status(): void {}

  /** The line, of what came since the one before. */
  tell({ scopes }: CollectorReport, influx: InfluxReport | undefined): string {
    const sorted = this.#seconds.toSorted((a, b) => a - b);
    const quantile = (q: number): string => (sorted[Math.ceil(q * sorted.length) - 1] ?? 0).toFixed(1);
    const delays =
      this.#count === 0
        ? "no events to measure"
        : `${this.#count} delays, half of them up to ${quantile(0.5)} s, 99 of 100 up to ${quantile(0.99)} s`;
    const parts = [`in the last minute ${delays} (${scopes} ${scopes === 1 ? "scope" : "scopes"})`];
    if (influx !== undefined) {
      const { written, waiting, spilled } = influx;
      const left = waiting.lines + spilled.lines;
      parts.push(`${written - this.#written} points written${left > 0 ? `, ${left} wait` : ""}`);
      this.#written = written;
    }
    this.#seconds = [];
    this.#count = 0;
    return parts.join("; ");
  }
}
