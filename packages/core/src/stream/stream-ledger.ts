import { reportClock } from "../monitor/clock-report.ts";
import {
  DESYNC_CAUSES,
  type DesyncCause,
  type ErrorReport,
  type InitialRead,
  type ListProgress,
  type RolePhase,
  type StreamerReport,
} from "../monitor/role-status.ts";
import type { Clock } from "../ports/clock.ts";
import type { EventLoopLag } from "../ports/event-loop.ts";
import type { ListWatch } from "../ports/list-watch.ts";
import type { Logger } from "../ports/logger.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { errorReport } from "./classify.ts";

/** What a StreamLedger works with. */
export interface StreamLedgerOptions {
  /** Tells how far the API server's clock is off. */
  readonly listWatch: ListWatch;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly eventLoop?: EventLoopLag | undefined;
  /** The report of this process before, whose counters go on. */
  readonly before?: StreamerReport | undefined;
  readonly onReport: (report: StreamerReport) => void;
}

/** What time alone changes is measured this often at most, but for changes of state: reports may come with every event. */
const MEASURE_MS = 1000;

/** Keeps a streamer's report, and tells log and telemetry what belongs there. */
export class StreamLedger {
  readonly #options: StreamLedgerOptions;
  #report: StreamerReport;
  #error: ErrorReport | undefined;
  /** The last news, or the start; monotonic. */
  #newsAt: number;
  /** Monotonic. */
  #measuredAt = Number.NEGATIVE_INFINITY;

  constructor(options: StreamLedgerOptions) {
    this.#options = options;
    this.#newsAt = options.clock.monotonic();
    const state = { phase: "idle", since: options.clock.now() } as const;
    this.#report =
      options.before === undefined ? { ...EMPTY, state } : { ...options.before, state, progress: undefined };
  }

  get report(): StreamerReport {
    return this.#report;
  }

  /** The last failure. */
  get error(): ErrorReport | undefined {
    return this.#error;
  }

  tell(state: RolePhase): void {
    this.measure();
    this.#put({ state });
  }

  progress(progress: ListProgress): void {
    this.#put({ progress, lastContact: this.#options.clock.now() });
  }

  listed(initial: InitialRead): void {
    const { clock } = this.#options;
    this.#newsAt = clock.monotonic();
    this.#set({ lists: this.#report.lists + 1, initial, silentSince: clock.now() });
  }

  watching(): void {
    this.#set({ watches: this.#report.watches + 1, progress: undefined });
    this.tell({ phase: "watching", since: this.#options.clock.now() });
  }

  /** What a watch brought at `at` (wall clock); nobody is told before `publish`. */
  received(at: number, events: number, bookmarks: number, news: boolean): void {
    const report = this.#report;
    if (news) this.#newsAt = this.#options.clock.monotonic();
    this.#set({
      events: report.events + events,
      bookmarks: report.bookmarks + bookmarks,
      lastContact: at,
      silentSince: news ? at : report.silentSince,
    });
  }

  publish(): void {
    if (this.#options.clock.monotonic() - this.#measuredAt >= MEASURE_MS) this.measure();
    this.#options.onReport(this.#report);
  }

  /** Takes down what changes without anything happening; nobody is told before `publish`. */
  measure(): void {
    const { clock, telemetry, listWatch, eventLoop } = this.#options;
    const now = clock.monotonic();
    this.#measuredAt = now;
    // What was never watched nor listed is not silent.
    const silentMs = this.#report.silentSince === undefined ? 0 : now - this.#newsAt;
    telemetry.set("krm_watch_silence_seconds", {}, silentMs / 1000);
    this.#set({ clock: reportClock(listWatch, telemetry), eventLoop: eventLoop?.read() });
  }

  stalled(silentMs: number): void {
    const { logger, telemetry } = this.#options;
    telemetry.add("krm_watch_stalls_total", {});
    logger.warn({ silentMs }, "the watch was silent while a second one brought news; going on with that one");
    this.#put({ stalls: this.#report.stalls + 1, watches: this.#report.watches + 1 });
  }

  emptied(): void {
    this.#options.logger.warn({}, "the resource is no longer served; the view is empty now");
    this.#put({ emptied: this.#report.emptied + 1 });
  }

  desync(cause: DesyncCause): void {
    const { logger, telemetry } = this.#options;
    const { desyncs } = this.#report;
    telemetry.add("krm_desyncs_total", { cause });
    logger.warn({ cause }, "the stream has a gap; resyncing");
    this.#set({ desyncs: { ...desyncs, [cause]: desyncs[cause] + 1 } });
  }

  failed(error: unknown, message = "the API server did not serve the stream"): void {
    this.#error = errorReport(error);
    this.#options.logger.warn({ err: error }, message);
    this.#set({ failures: this.#report.failures + 1 });
  }

  #set(change: Partial<StreamerReport>): void {
    this.#report = { ...this.#report, ...change };
  }

  #put(change: Partial<StreamerReport>): void {
    this.#set(change);
    this.publish();
  }
}

const EMPTY: Omit<StreamerReport, "state"> = {
  progress: undefined,
  lastContact: undefined,
  events: 0,
  bookmarks: 0,
  lists: 0,
  initial: undefined,
  watches: 0,
  silentSince: undefined,
  stalls: 0,
  emptied: 0,
  failures: 0,
  desyncs: Object.fromEntries(DESYNC_CAUSES.map((cause) => [cause, 0])) as Record<DesyncCause, number>,
};
