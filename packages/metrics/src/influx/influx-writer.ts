import { KrmError } from "@krm/core";
import { Alarm } from "./waiting/alarm.ts";
import { Contact } from "./exchange/contact.ts";
import { DatabaseCreation } from "./exchange/database-creation.ts";
import { Delivery, type Step } from "./delivery/delivery.ts";
import { FlushWaiters } from "./waiting/flush-waiters.ts";
import { InfluxConnection } from "./exchange/influx-connection.ts";
import type { InfluxErrorReport, InfluxReport } from "./influx-report.ts";
import { lineBytes, Outbox } from "./waiting/outbox.ts";
import { DropNotice } from "./waiting/drop-notice.ts";
import { Overflow } from "./waiting/overflow.ts";
import { OldestLines } from "./delivery/oldest-lines.ts";
import { SettleOrder } from "./waiting/settle-order.ts";
import { Spill } from "./spill/spill.ts";
import { Tally } from "./delivery/tally.ts";
import { type InfluxWriterOptions, type ResolvedWriterOptions, resolveWriterOptions } from "./writer-options.ts";

type Life = "new" | "running" | "ending" | "ended";
/** What a turn of the loop leads to. */
type Turn = Step | { readonly type: "idle" };

/**
 * Writes lines to InfluxDB: in the order in which they were offered, one request at a time, each at least once. A line
 * that is sent again overwrites itself (same series, same time), so that it counts once. Nothing that the database or the
 * network does reaches the caller: lines wait, within bounds, until they are written, refused for good, or dropped; all of
 * them are counted in {@link InfluxWriter.report}.
 *
 * @example
 * const writer = new InfluxWriter({ target, clock: systemClock, logger, random: Math.random });
 * const running = writer.run(signal);
 * writer.offer([line("pods", { phase: "Running" }, { count: 3 }, "1700000000000000000")], () => cursor.move());
 */
export class InfluxWriter {
  readonly #options: InfluxWriterOptions;
  readonly #resolved: ResolvedWriterOptions;
  readonly #outbox = new Outbox();
  readonly #settling: SettleOrder;
  readonly #spill: Spill | undefined;
  readonly #overflow: Overflow;
  readonly #oldest: OldestLines;
  readonly #notice: DropNotice;
  readonly #tally: Tally;
  readonly #contact: Contact;
  readonly #flushes = new FlushWaiters();
  /** Wakes the loop when there is something to send. */
  readonly #news: Alarm;
  /** Ends the pause after a failure. */
  readonly #hurry: Alarm;
  #life: Life = "new";

  /** @throws KrmError `KRM_INVALID_ARGUMENT` for an option or a target that cannot be. */
  constructor(options: InfluxWriterOptions) {
    this.#options = options;
    this.#resolved = resolveWriterOptions(options);
    const { clock, logger, random } = options;
    const { overflow, backoff, batch, buffer } = this.#resolved;
    this.#settling = new SettleOrder((error) => this.#calledBack("settled", error));
    this.#notice = new DropNotice(clock, logger);
    this.#tally = new Tally(clock, logger);
    this.#contact = new Contact({ clock, logger, random, backoff });
    this.#news = new Alarm(clock);
    this.#hurry = new Alarm(clock);
    if (overflow.type === "spill") {
      const { folder, maxBytes } = overflow;
      const onDropped = (lines: number): void => this.#notice.dropped(lines);
      this.#spill = new Spill({ folder, maxBytes, clock, logger, retryMs: backoff.blockedMs, onDropped });
    }
    this.#overflow = new Overflow({
      outbox: this.#outbox,
      bounds: buffer,
      spill: this.#spill,
      segment: batch,
      notice: this.#notice,
    });
    this.#oldest = new OldestLines({ outbox: this.#outbox, spill: this.#spill, overflow: this.#overflow });
  }

  /**
   * Takes lines (of `line`, without line breaks), to be sent together and in this order. Never waits and never throws.
   *
   * `settled` is called once when nothing more is to be done for them: each is written, refused for good, safe on disk, or
   * dropped. It is called in the order of the offers, never from within this call; what it throws is logged. It is not
   * called for lines that are still in memory when `run` has ended: those are lost, unless they are offered to the next
   * writer. Nor for lines offered after that end, which are not taken.
   */
  offer(lines: readonly string[], settled?: () => void): void {
    if (this.#life === "ended") return;
    const done = this.#settling.add(settled);
    if (lines.length === 0) return done();
    const bytes = lines.reduce((sum, line) => sum + lineBytes(line), 0);
    if (!this.#overflow.admits(lines.length, bytes)) {
      this.#notice.dropped(lines.length);
      return done();
    }
    const { clock } = this.#options;
    const wasIdle = this.#outbox.first === undefined;
    this.#outbox.add({ lines: [...lines], at: clock.now(), since: clock.monotonic(), done }, bytes);
    this.#overflow.check();
    if (wasIdle || this.#dueMs() === 0) this.#news.ring();
  }

  /**
   * Asks for a send now, also in the pause after a failure. Resolves when everything offered before is written, refused or
   * dropped; or when a try that began after the call has failed; or when `run` has ended. Before `run` it waits for it.
   */
  flush(): Promise<void> {
    if (this.#life === "ended" || !this.#oldest.waitBefore(this.#outbox.next)) return Promise.resolve();
    const flushed = this.#flushes.add(this.#outbox.next);
    this.#news.ring();
    this.#hurry.ring();
    return flushed;
  }

  /**
   * Sends until the signal aborts. Then what waits is sent as long as that goes well, within the grace; what is left goes
   * into the spill folder, where there is one.
   *
   * @throws KrmError `KRM_INVALID_ARGUMENT` when it is called a second time. Nothing else makes it reject.
   */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#life !== "new") {
      throw new KrmError("KRM_INVALID_ARGUMENT", "this InfluxWriter has been run before", { hint: "make a new one" });
    }
    this.#life = "running";
    const { target, clock } = this.#options;
    const { timeoutMs, batch, graceMs } = this.#resolved;
    using connection = new InfluxConnection({ target, clock, timeoutMs });
    const delivery = new Delivery({
      target,
      connection,
      database: new DatabaseCreation(target),
      contact: this.#contact,
      tally: this.#tally,
      clock,
      batch,
    });
    const grace = new AbortController();
    const done = new AbortController();
    const end = (): void => {
      this.#life = "ending";
      void clock.sleep(graceMs, { signal: done.signal }).then(
        () => grace.abort(),
        () => {},
      );
    };
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    try {
      await this.#work(delivery, signal, grace.signal);
    } finally {
      done.abort();
      signal.removeEventListener("abort", end);
      await this.#end();
    }
  }

  /** How it stands now. */
  get report(): InfluxReport {
    const { state } = this.#contact;
    const spill = this.#spill;
    return {
      written: this.#tally.written,
      refused: this.#tally.refused,
      dropped: this.#notice.total,
      retried: this.#tally.retried,
      waiting: { lines: this.#outbox.lines, bytes: this.#outbox.bytes, oldestAt: this.#outbox.oldestAt },
      spilled: {
        segments: spill?.segments ?? 0,
        lines: spill?.lines ?? 0,
        bytes: spill?.bytes ?? 0,
        oldestAt: spill?.oldest?.at,
        error: spill?.error && errorReport(spill.error),
      },
      failing: state.type === "failing" ? { since: state.since, error: errorReport(state.error) } : undefined,
      lastWrittenAt: this.#tally.lastWrittenAt,
    };
  }

  /** Until the signal aborts; then until a turn fails, or nothing is left. */
  async #work(delivery: Delivery, signal: AbortSignal, grace: AbortSignal): Promise<void> {
    for (let last = false; !grace.aborted;) {
      last = signal.aborted;
      const turn = await this.#turn(delivery, grace);
      await this.#overflow.idle();
      this.#flushes.end(turn.type === "wait", (line) => !this.#oldest.waitBefore(line));
      if (turn.type !== "idle") this.#tell();
      if (turn.type === "aborted" || (last && turn.type !== "go-on")) return;
      // Whoever asked for a send during a turn that failed is to have a try of their own.
      if (turn.type === "wait" && !this.#flushes.pending) await this.#hurry.sleep(turn.ms, signal);
      if (turn.type !== "idle") continue;
      // Asked again: there may be news since, and nothing can come in between this and the sleep.
      const dueMs = this.#dueMs();
      if (dueMs !== 0) await this.#news.sleep(dueMs, signal);
    }
  }

  async #turn(delivery: Delivery, signal: AbortSignal): Promise<Turn> {
    await this.#spill?.prepare();
    this.#overflow.check();
    this.#flushes.begin();
    if (this.#dueMs() !== 0) return { type: "idle" };
    const ready = await delivery.prepare(signal);
    if (ready.type !== "go-on") return ready;
    await this.#overflow.idle();
    await this.#oldest.load();
    // From the choice to the taking of the lines nothing is awaited: what is chosen is the oldest there is.
    const source = this.#oldest.source();
    const step = source === undefined ? ready : await delivery.attempt(source, signal);
    this.#spill?.hold(undefined);
    if (step.type === "go-on" && this.#contact.state.type === "sound" && this.#hasRoom()) this.#notice.over();
    return step;
  }

  /** In how many milliseconds the next batch is to be sent; undefined: there is none. */
  #dueMs(): number | undefined {
    if (this.#spill?.oldest !== undefined) return 0;
    const { oldest, first, idleLines, bytes } = this.#outbox;
    if (oldest === undefined || first === undefined) return undefined;
    const { batch, flushEveryMs } = this.#resolved;
    if (this.#life === "ending" || idleLines >= batch.lines || bytes >= batch.bytes || first < this.#flushes.through)
      return 0;
    return Math.max(0, oldest.since + flushEveryMs - this.#options.clock.monotonic());
  }

  #hasRoom(): boolean {
    const { lines, bytes } = this.#resolved.buffer;
    return this.#outbox.lines * 2 <= lines && this.#outbox.bytes * 2 <= bytes;
  }

  async #end(): Promise<void> {
    await this.#spill?.lastChance();
    await this.#overflow.saveAll();
    this.#life = "ended";
    const { logger } = this.#options;
    const { lines } = this.#outbox;
    const kept = this.#spill?.lines ?? 0;
    if (lines > 0) logger.warn({ lines }, `${lines} lines could not be written to InfluxDB before the end`);
    if (kept > 0) logger.info({ lines: kept }, `${kept} lines for InfluxDB are on disk; the next start sends them`);
    await this.#spill?.[Symbol.asyncDispose]();
    this.#flushes.release();
    this.#tell();
  }

  #tell(): void {
    try {
      this.#options.onReport?.(this.report);
    } catch (error) {
      this.#calledBack("onReport", error);
    }
  }

  #calledBack(which: string, error: unknown): void {
    const words = error instanceof Error ? error.message : String(error);
    this.#options.logger.error({ error: words }, `a callback of the InfluxWriter has thrown: ${which}`);
  }
}

function errorReport({ code, message, hint }: KrmError): InfluxErrorReport {
  return { code, message, hint };
}
