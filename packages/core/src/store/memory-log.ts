import { KrmError } from "../errors.ts";
import type { InputRole, LogBatch, LogPosition, LogRecord } from "./input-log.ts";
import { recordBytes } from "./log-records.ts";

/** How much may wait for a Merger in one log, in bytes of bodies. Lists are taken beyond it: they are not told twice. */
export const LOG_BYTES: number = 256 * 1024 * 1024;

interface Entry {
  readonly sequence: number;
  readonly records: readonly LogRecord[];
  readonly bytes: number;
}

/** One input log in memory. Entries are kept until a commit has consumed them. */
export class MemoryLog {
  readonly role: InputRole;
  #entries: Entry[] = [];
  #next = 1;
  #bytes = 0;
  /** Bytes of the newest list: it may wait beside all else. */
  #list = 0;
  /** What the log covers; undefined: nothing was ever appended. */
  covers: LogPosition | undefined;

  constructor(role: InputRole) {
    this.role = role;
  }

  /** Bytes that wait; at least 1 while anything does. */
  get backlog(): number {
    return this.#bytes + this.#entries.length;
  }

  append(records: readonly LogRecord[], covers: LogPosition): void {
    const page = records.find((record) => record.type === "snapshot-page");
    if ((page === undefined || page.page === 0) && this.#bytes > LOG_BYTES + this.#list)
      throw new KrmError("KRM_STORE_FULL", `the ${this.role}'s input log is full: nobody merges it`, {
        hint: "Start a merger for this resource, or see why the one that runs is slow.",
      });
    const bytes = records.reduce((sum, record) => sum + recordBytes(record), 0);
    if (page !== undefined) this.#list = page.page === 0 ? bytes : this.#list + bytes;
    this.#entries.push({ sequence: this.#next++, records, bytes });
    this.#bytes += bytes;
    this.covers = covers;
  }

  /** The oldest entry behind `sequence`. */
  after(sequence: number): (LogBatch & { readonly sequence: number }) | undefined {
    const first = this.#entries[0]?.sequence ?? 0;
    const entry = this.#entries[Math.max(0, sequence + 1 - first)];
    if (entry === undefined) return undefined;
    return { log: this.role, records: entry.records, cursor: String(entry.sequence), sequence: entry.sequence };
  }

  /** Forgets what is consumed. */
  consume(cursor: string): void {
    const until = Number(cursor);
    while ((this.#entries[0]?.sequence ?? Number.POSITIVE_INFINITY) <= until)
      this.#bytes -= this.#entries.shift()?.bytes ?? 0;
  }

  /** Forgets everything, and what it vouched for. */
  clear(): void {
    this.covers = undefined;
    this.#list = 0;
    this.#entries = [];
    this.#bytes = 0;
  }
}
