import type { Clock, Logger } from "@krm/core";
import { REFUSAL_REASONS, type Refusal, type RefusalReason } from "../exchange/refusal.ts";

/** Causes that are remembered as told. */
const MOST_CULPRITS = 100;

/** Counts what became of lines. Of what the database refuses, each cause is logged once. */
export class Tally {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #refused: Map<RefusalReason, number> = new Map(REFUSAL_REASONS.map((reason) => [reason, 0]));
  readonly #told = new Set<string>();
  written = 0;
  retried = 0;
  lastWrittenAt: number | undefined;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  get refused(): Readonly<Record<RefusalReason, number>> {
    return Object.fromEntries(this.#refused) as Record<RefusalReason, number>;
  }

  wrote(lines: number): void {
    this.written += lines;
    if (lines > 0) this.lastWrittenAt = this.#clock.now();
  }

  /** @param sample one of the lines, where it is known which */
  refuse({ reason, lines, culprit, words }: Refusal, sample?: string): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + lines);
    const key = `${reason} ${culprit}`;
    if (this.#told.has(key) || this.#told.size >= MOST_CULPRITS) return;
    this.#told.add(key);
    const what = reason === culprit ? reason : `${reason}: ${culprit}`;
    const fields = {
      reason,
      culprit,
      lines,
      error: words,
      ...(sample !== undefined && { line: sample.slice(0, 200) }),
    };
    this.#logger.error(fields, `InfluxDB refuses lines (${what}); they are counted, and not tried again`);
  }
}
