import { KrmError, type MissedEvent, type Scope, scopeId, type ScopeStatus } from "@krm/core";
import type { Delay, Measured } from "../delay/delay.ts";
import type { CollectorReport } from "../collect/collector-counters.ts";
import type { MetricsSink, Settled } from "../collect/metrics-sink.ts";
import { delayPoint } from "./delay-point.ts";
import { IntervalHistograms } from "./interval-histograms.ts";
import { isPointName } from "./point-names.ts";
import { scopeTags, type Tags } from "./scope-tags.ts";
import { collectorPoint, driftPoint, statusPoints, type WrittenReport } from "./status-points.ts";

/** What takes lines of the line protocol: an `InfluxWriter`. */
export interface LineWriter {
  /**
   * `settled` is called once when nothing more is to be done for these lines, in the order of the offers. Never throws.
   */
  offer(lines: readonly string[], settled?: () => void): void;
  /** What became of lines; left out: it does not tell. */
  readonly report?: WrittenReport;
}

/** What an InfluxSink is made with. */
export interface InfluxSinkOptions {
  readonly writer: LineWriter;
  /** Tags of every point, to tell clusters apart: `{ cluster: "eu-1" }`. @default none */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /**
   * `objects`: a point for each event. `histograms`: one for each series and interval, however many events there were,
   * written again while it grows. Two sinks that write histograms of one scope need tags or databases of their own.
   *
   * @default { type: "objects" }
   */
  readonly detail?: DelayDetail | undefined;
}

/** In what detail delays are written. */
export type DelayDetail = { readonly type: "objects" } | { readonly type: "histograms"; readonly intervalMs: number };

/** Missed events that a scope's ledger names one by one. */
const REMEMBERED = 200;

/** Writes what is measured as points of InfluxDB. `docs/metrics.md` lists them. */
export class InfluxSink implements MetricsSink {
  readonly #writer: LineWriter;
  readonly #tags: Tags;
  readonly #detail: DelayDetail;
  readonly #histograms = new Map<string, IntervalHistograms>();
  /** By scope: the missed events that were written. Writing one again is harmless. */
  readonly #drift = new Map<string, Set<string>>();

  /** @throws KrmError `KRM_INVALID_ARGUMENT` for a tag with a name that points have already */
  constructor({ writer, tags = {}, detail = { type: "objects" } }: InfluxSinkOptions) {
    for (const key of Object.keys(tags))
      if (isPointName(key))
        throw new KrmError("KRM_INVALID_ARGUMENT", `points have something called ${JSON.stringify(key)} already`, {
          hint: "Give the tag another name.",
        });
    this.#writer = writer;
    this.#tags = tags;
    this.#detail = detail;
  }

  delays(scope: Scope, measured: readonly Measured[], settled: Settled): void {
    if (this.#detail.type === "histograms") {
      this.#histogramsOf(scope, this.#detail.intervalMs).take(measured, settled);
      return;
    }
    const delays = measured.flatMap((each): Delay | readonly [] => (each?.type === "delay" ? each.delay : []));
    const tags = this.#tagsOf(scope);
    this.#writer.offer(
      delays.map((delay) => delayPoint(delay, tags)),
      () => settled(),
    );
  }

  status(status: ScopeStatus, at: number): void {
    const { scope, reports } = status;
    const tags = this.#tagsOf(scope);
    this.#histograms.get(scopeId(scope))?.flush();
    this.#writer.offer([
      ...statusPoints(status, at, tags),
      ...this.#newDrift(scope, reports.merger?.recent ?? [], tags),
    ]);
  }

  collector(report: CollectorReport, at: number): void {
    this.#writer.offer([collectorPoint(report, this.#writer.report, at, this.#tags)]);
  }

  restore(scope: Scope, memo: string): void {
    if (this.#detail.type === "histograms") this.#histogramsOf(scope, this.#detail.intervalMs).restore(memo);
  }

  /** Writes what histograms have counted until now, for the end of the process: the next one goes on within the interval. */
  finish(): void {
    for (const histograms of this.#histograms.values()) histograms.finish();
  }

  #tagsOf(scope: Scope): Tags {
    return { ...scopeTags(scope), ...this.#tags };
  }

  #histogramsOf(scope: Scope, intervalMs: number): IntervalHistograms {
    const id = scopeId(scope);
    const known = this.#histograms.get(id) ?? new IntervalHistograms(this.#tagsOf(scope), intervalMs, this.#writer);
    this.#histograms.set(id, known);
    return known;
  }

  #newDrift(scope: Scope, recent: readonly MissedEvent[], tags: Tags): string[] {
    const id = scopeId(scope);
    const written = this.#drift.get(id) ?? new Set<string>();
    this.#drift.set(id, written);
    const points = recent.map((missed) => driftPoint(missed, tags)).filter((point) => !written.has(point));
    for (const point of points) written.add(point);
    for (const point of written) {
      if (written.size <= REMEMBERED) break;
      written.delete(point);
    }
    return points;
  }
}
