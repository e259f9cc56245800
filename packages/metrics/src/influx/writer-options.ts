import { type Clock, KrmError, type Logger } from "@krm/core";
import type { InfluxReport } from "./influx-report.ts";
import type { OutboxBounds } from "./waiting/outbox.ts";
import { DEFAULT_INFLUX_BACKOFF, type InfluxBackoff } from "./exchange/retry-pause.ts";
import { checkTarget, type InfluxTarget } from "./target.ts";

/** What happens to the oldest lines when the buffer is full. */
export type InfluxOverflow =
  /** They are dropped, offer by offer. */
  | { readonly type: "drop-oldest" }
  /**
   * They are put into a folder that is this writer's alone, and sent from there, before newer ones. The next writer over
   * the folder sends what this one could not. At `maxBytes` (of files) the oldest of them are dropped.
   */
  | { readonly type: "spill"; readonly folder: string; readonly maxBytes: number };

/** What an `InfluxWriter` can be told. Durations are milliseconds. */
export interface InfluxWriterOptions {
  readonly target: InfluxTarget;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A number in [0, 1), for the pauses after failures. */
  readonly random: () => number;
  /** A batch is sent so long after its first line at the latest. @default 10_000 */
  readonly flushEveryMs?: number | undefined;
  /** Or when it has so many lines. Larger offers are sent in parts. @default 5000 */
  readonly batchLines?: number | undefined;
  /**
   * What is kept in memory, at most, those in a request included: 100,000 lines and 32 MiB of UTF-8. With `spill`, twice
   * that while the disk is slow to take lines, and one segment more while it is sent.
   */
  readonly buffer?: OutboxBounds | undefined;
  /** @default drop-oldest */
  readonly overflow?: InfluxOverflow | undefined;
  /** For one exchange, from connecting to the end of the answer. @default 10_000 */
  readonly timeoutMs?: number | undefined;
  /** How long the end of `run` may take for a last try. @default 5000 */
  readonly graceMs?: number | undefined;
  readonly backoff?: Partial<InfluxBackoff> | undefined;
  /** Called after each attempt to write. */
  readonly onReport?: ((report: InfluxReport) => void) | undefined;
}

/** The options with all that was left out. */
export interface ResolvedWriterOptions {
  readonly flushEveryMs: number;
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** Of one request. */
  readonly batch: OutboxBounds;
  readonly buffer: OutboxBounds;
  readonly overflow: InfluxOverflow;
  readonly backoff: InfluxBackoff;
}

/** InfluxDB 1 refuses more than 25 MB, and compression does not count. */
const BATCH_BYTES = 4 * 1024 * 1024;

/** Every option, so that the compiler keeps this in step with the interface. */
const OPTIONS: Readonly<Record<keyof InfluxWriterOptions, true>> = {
  target: true,
  clock: true,
  logger: true,
  random: true,
  flushEveryMs: true,
  batchLines: true,
  buffer: true,
  overflow: true,
  timeoutMs: true,
  graceMs: true,
  backoff: true,
  onReport: true,
};

/**
 * Puts in the defaults.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT` that names the option and what it takes.
 */
export function resolveWriterOptions(options: InfluxWriterOptions): ResolvedWriterOptions {
  for (const name of Object.keys(options))
    if (!Object.hasOwn(OPTIONS, name)) {
      throw new KrmError("KRM_INVALID_ARGUMENT", `an InfluxWriter has no option ${JSON.stringify(name)}`, {
        hint: `It has ${Object.keys(OPTIONS).join(", ")}.`,
      });
    }
  checkTarget(options.target);
  const { overflow = { type: "drop-oldest" } } = options;
  const batchLines = positive("batchLines", options.batchLines ?? 5000, { whole: true });
  const buffer = {
    lines: positive("buffer.lines", options.buffer?.lines ?? 100_000, { whole: true }),
    bytes: positive("buffer.bytes", options.buffer?.bytes ?? 32 * 1024 * 1024, { whole: true }),
  };
  if (buffer.lines < batchLines)
    throw refused("buffer.lines", `it is ${buffer.lines}, less than one batch (${batchLines})`);
  if (overflow.type === "spill") {
    positive("overflow.maxBytes", overflow.maxBytes, { whole: true });
    if (overflow.folder === "") throw refused("overflow.folder", "it is empty");
  }
  const backoff = { ...DEFAULT_INFLUX_BACKOFF, ...options.backoff };
  for (const [name, value] of Object.entries(backoff)) positive(`backoff.${name}`, value);
  return {
    flushEveryMs: positive("flushEveryMs", options.flushEveryMs ?? 10_000),
    timeoutMs: positive("timeoutMs", options.timeoutMs ?? 10_000),
    graceMs: positive("graceMs", options.graceMs ?? 5000),
    batch: { lines: batchLines, bytes: Math.min(BATCH_BYTES, buffer.bytes) },
    buffer,
    overflow,
    backoff,
  };
}

function positive(name: string, value: number, { whole = false }: { readonly whole?: boolean } = {}): number {
  if (Number.isFinite(value) && value > 0 && (!whole || Number.isInteger(value))) return value;
  throw refused(name, `it is ${String(value)}; give ${whole ? "1 or more" : "milliseconds above 0"}`);
}

function refused(name: string, why: string): KrmError {
  return new KrmError("KRM_INVALID_ARGUMENT", `the InfluxWriter's ${name} cannot be used: ${why}`);
}
