import { KrmError } from "../errors.ts";
import { untilAborted } from "../internal/abort.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Leases } from "../store/lease.ts";
import type { Role, RoleReports } from "./role-status.ts";

/** Where each role's report goes: through its lease. */
export type ReportWriters = { readonly [R in Role]?: Pick<Leases[R], "report"> };

/** A change of counters alone is written this often at most. */
const EVERY_MS = 500;

/** A store that does not answer must not keep a process from ending. */
const LAST_MS = 2000;

/**
 * Carries the roles' reports to the store: a change of state at once, counters now and then, always the newest, one
 * write at a time. A failed write is tried again.
 */
export class Reporter {
  readonly #writers: ReportWriters;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #latest: Partial<RoleReports> = {};
  readonly #dirty = new Set<keyof RoleReports>();
  readonly #states = new Map<keyof RoleReports, unknown>();
  #wake = Promise.withResolvers<void>();
  #hurry = Promise.withResolvers<void>();
  /** The last write failed: that is logged once. */
  #failing = false;
  /** The write that is under way, or the last one; never rejects. */
  #flushed: Promise<void> = Promise.resolve();

  constructor(writers: ReportWriters, clock: Clock, logger: Logger) {
    this.#writers = writers;
    this.#clock = clock;
    this.#logger = logger;
  }

  put<R extends keyof RoleReports>(role: R, report: RoleReports[R]): void {
    (this.#latest as { [K in R]: RoleReports[K] })[role] = report;
    this.#dirty.add(role);
    const state = "state" in report ? report.state : undefined;
    if (this.#states.get(role) !== state) {
      this.#states.set(role, state);
      this.#hurry.resolve();
    }
    this.#wake.resolve();
  }

  /** Writes while `work` runs, and then what is left once more. */
  async during(work: () => Promise<void>): Promise<void> {
    const over = new AbortController();
    const reported = this.run(over.signal);
    try {
      await work();
    } finally {
      over.abort();
      await reported;
    }
  }

  /** Writes until the signal aborts, and then what is left once more, if the store takes it soon. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await untilAborted(this.#wake.promise, signal);
        this.#wake = Promise.withResolvers<void>();
        await untilAborted(this.#flush(), signal);
        await this.#pause(signal);
        // What could not be written is tried again, also if nothing else happens.
        if (this.#dirty.size > 0) this.#wake.resolve();
      } catch {
        break;
      }
    }
    const late = new AbortController();
    await Promise.race([this.#flush(), this.#clock.sleep(LAST_MS, { signal: late.signal }).catch(() => {})]);
    late.abort();
  }

  /** Until the next write of mere counters is due, or a state changes. */
  async #pause(signal: AbortSignal): Promise<void> {
    const cut = new AbortController();
    const slept = this.#clock.sleep(EVERY_MS, { signal: AbortSignal.any([signal, cut.signal]) }).catch(() => {});
    try {
      await untilAborted(Promise.race([slept, this.#hurry.promise]), signal);
    } finally {
      cut.abort();
      this.#hurry = Promise.withResolvers<void>();
    }
  }

  /** Writes what is new, after the write before: an old report must not come later than a new one. */
  #flush(): Promise<void> {
    this.#flushed = this.#flushed.then(() => this.#write());
    return this.#flushed;
  }

  async #write(): Promise<void> {
    const roles = [...this.#dirty];
    this.#dirty.clear();
    for (const role of roles) {
      const report = this.#latest[role];
      if (report === undefined) continue;
      try {
        await this.#report(role, report);
        this.#failing = false;
      } catch (error) {
        this.#dirty.add(role);
        // Whoever lost the role ends soon, and is told elsewhere.
        const over = KrmError.is(error, "KRM_STORE_CLOSED") || KrmError.is(error, "KRM_STORE_CONFLICT");
        if (!this.#failing && !over)
          this.#logger.warn({ err: error, role }, "could not report to the store; trying again");
        this.#failing = true;
      }
    }
  }

  async #report<R extends Role>(role: R, report: RoleReports[R]): Promise<void> {
    // The compiler cannot see that a role's writer takes that role's report.
    const writer = this.#writers[role] as { report: (report: RoleReports[R]) => Promise<void> } | undefined;
    await writer?.report(report);
  }
}
