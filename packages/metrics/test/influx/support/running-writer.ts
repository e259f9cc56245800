import { ManualClock } from "@krm/testkit";
import {
  InfluxWriter,
  type InfluxReport,
  type InfluxTarget,
  type InfluxWriterOptions,
} from "../../../src/influx/index.ts";
import { type LogSpy, logSpy } from "./log-spy.ts";

/** A writer that runs, on a clock that is moved by hand unless it is given another. */
export interface RunningWriter extends AsyncDisposable {
  readonly writer: InfluxWriter;
  readonly clock: ManualClock;
  readonly log: LogSpy;
  /** Which offers of {@link RunningWriter.offer} have been settled, in that order. */
  readonly settled: readonly string[];
  /** Offers lines, under a name. */
  offer(name: string, lines: readonly string[]): void;
  /** Resolves at a report for which this holds; the current one counts. */
  until(holds: (report: InfluxReport) => boolean): Promise<void>;
  /** Resolves when the writer waits after a failure; how long it waits. */
  pause(): Promise<number>;
  /** Ends it, as by a signal; resolves when `run` has. */
  end(): Promise<void>;
}

/** `http://…` alone stands for the API v2 without a token. */
export function runningWriter(
  target: InfluxTarget | string,
  options: Partial<InfluxWriterOptions> = {},
): RunningWriter {
  const clock = new ManualClock();
  const log = logSpy();
  const settled: string[] = [];
  const waits = new Set<{ readonly holds: (report: InfluxReport) => boolean; readonly resolve: () => void }>();
  const writer = new InfluxWriter({
    target: typeof target === "string" ? { api: "v2", url: target, org: "o", bucket: "b" } : target,
    clock,
    logger: log,
    random: () => 0.5,
    onReport: (report) => {
      for (const wait of waits) {
        if (!wait.holds(report)) continue;
        waits.delete(wait);
        wait.resolve();
      }
    },
    ...options,
  });
  const stop = new AbortController();
  const running = writer.run(stop.signal);
  const until: RunningWriter["until"] = async (holds) => {
    if (holds(writer.report)) return;
    await new Promise<void>((resolve) => waits.add({ holds, resolve }));
  };
  return {
    writer,
    clock,
    log,
    settled,
    until,
    offer: (name, lines) => writer.offer(lines, () => settled.push(name)),
    async pause() {
      await until((report) => report.failing !== undefined);
      // The time-out of the exchange has been called off by then.
      await clock.untilSleeping(1);
      return clock.nextDueIn ?? Number.NaN;
    },
    async end() {
      stop.abort();
      await running;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

/** `count` lines that differ, of one series. */
export function someLines(count: number, from = 0): readonly string[] {
  return Array.from({ length: count }, (_, index) => `m v=${from + index} ${from + index}`);
}
