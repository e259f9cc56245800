import { type Clock, KrmError, type Logger, silentLogger, systemClock } from "@krm/core";
import type { AuditEvent, AuditSink } from "../audit/audit-event.ts";
import { type AppendFile, openAppendFile, openStandardOutput } from "./append-file.ts";

/** Counts what becomes of audit events. */
export interface AuditCounts {
  /** So many are in the file now. */
  written(events: number): void;
  /** So many never will be. */
  lost(events: number): void;
}

/** How an audit log is written. */
export interface AuditLogOptions {
  /** Its path; `-`: standard output. */
  readonly file: string;
  /** @default the machine's clock */
  readonly clock?: Clock | undefined;
  /** @default silent */
  readonly logger?: Logger | undefined;
  /** @default nobody */
  readonly counts?: AuditCounts | undefined;
  /** How much may wait to be written: what comes beyond is lost. Bytes. @default 8 MiB */
  readonly bufferBytes?: number | undefined;
}

/** An audit log in a file. Dispose it after the server: what waits is written first, for a second at most. */
export interface AuditLog extends AuditSink, AsyncDisposable {}

const BUFFER = 8 * 1024 * 1024;

/** Written in one go. Bytes. */
const BATCH = 256 * 1024;

/** A file that could not be written is tried again after this. Milliseconds. */
const RETRY = 1000;

/** … and a pipe that was full after this. Milliseconds. */
const FULL = 20;

/** How long the end waits for what was not yet written. Milliseconds. */
const LAST = 1000;

/**
 * Opens an audit log: one event a line, as JSON, in the order in which they were taken. Answers never wait for it. While
 * the file cannot be written, events wait in memory, within bounds, and it is tried again each second; what is lost is
 * counted, and the log of the process tells of the trouble once, and when it is over. A file that is moved away, as
 * log rotation does, is followed by a new one under its path; a file that is made has mode 0600.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT` when the file cannot be opened at the start.
 * @example
 * await using audit = await openAuditLog({ file: "/var/log/krm/audit.log" });
 * await using server = await createServer({ store, listen, auth, audit });
 */
export async function openAuditLog(options: AuditLogOptions): Promise<AuditLog> {
  const { file } = options;
  try {
    const opened = await (file === "-" ? openStandardOutput() : openAppendFile(file));
    return new BufferedAuditLog(opened, options);
  } catch (cause) {
    throw new KrmError("KRM_INVALID_ARGUMENT", `cannot open the audit log ${file}: ${messageOf(cause)}`, {
      cause,
      hint: "Name a file in a directory that is there and that this process may write to, or - for standard output.",
    });
  }
}

class BufferedAuditLog implements AuditLog {
  readonly #file: AppendFile;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #counts: AuditCounts | undefined;
  readonly #limit: number;
  /** Lines that are not, or not wholly, in the file. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Of the first of them, bytes that stand in the file already. */
  #begun = 0;
  #isFailing = false;
  /** Since the last time that all was well. */
  #lost = 0;
  #wake = Promise.withResolvers<void>();
  readonly #ending = new AbortController();
  readonly #over = new AbortController();
  readonly #running: Promise<void>;

  constructor(file: AppendFile, options: AuditLogOptions) {
    this.#file = file;
    this.#name = options.file;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#counts = options.counts;
    this.#limit = options.bufferBytes ?? BUFFER;
    this.#running = this.#run();
  }

  take(event: AuditEvent): void {
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    if (this.#ending.signal.aborted || this.#waitingBytes + line.length > this.#limit) return this.#lose(1);
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    this.#wake.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ending.signal.aborted) return this.#running;
    this.#ending.abort();
    this.#wake.resolve();
    const written = new AbortController();
    const giveUp = async (): Promise<void> => {
      await this.#clock.sleep(LAST, { signal: written.signal });
      this.#over.abort();
    };
    await Promise.race([this.#running, giveUp().catch(() => {})]);
    written.abort();
    const left = this.#waiting.length;
    this.#waiting = [];
    if (left > 0) {
      this.#counts?.lost(left);
      this.#logger.error(
        { file: this.#name, lost: this.#lost + left },
        "audit events are lost: they could not be written before the end",
      );
    }
    await this.#file.close().catch(() => {});
  }

  async #run(): Promise<void> {
    for (;;) {
      if (this.#waiting.length === 0) {
        if (this.#ending.signal.aborted) return;
        await this.#wake.promise;
        this.#wake = Promise.withResolvers<void>();
        continue;
      }
      try {
        await this.#writeSome();
        this.#isWell();
      } catch (error) {
        if (this.#over.signal.aborted) return;
        const isFull = (error as NodeJS.ErrnoException).code === "EAGAIN";
        if (!isFull) this.#fails(error);
        // At the end what fails is not tried again, but a reader that is slow is waited for.
        if (!isFull && this.#ending.signal.aborted) return;
        await this.#pause(isFull ? FULL : RETRY, isFull ? this.#over.signal : this.#ending.signal);
      }
    }
  }

  /** Writes the first of what waits. However it ends, what is in the file is remembered. */
  async #writeSome(): Promise<void> {
    if (await this.#file.renew()) this.#begun = 0;
    const batch = this.#firstLines();
    for (let at = this.#begun; at < batch.length;) {
      const taken = await this.#file.write(batch.subarray(at));
      at += taken;
      this.#wrote(taken);
    }
  }

  #firstLines(): Buffer {
    let bytes = 0;
    const count = this.#waiting.findIndex((line) => (bytes += line.length) >= BATCH);
    return Buffer.concat(count < 0 ? this.#waiting : this.#waiting.slice(0, count + 1));
  }

  #wrote(bytes: number): void {
    this.#begun += bytes;
    let lines = 0;
    for (const { length } of this.#waiting) {
      if (length > this.#begun) break;
      this.#begun -= length;
      this.#waitingBytes -= length;
      lines += 1;
    }
    this.#waiting.splice(0, lines);
    if (lines > 0) this.#counts?.written(lines);
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    // An end of the wait is one more turn.
    await this.#clock.sleep(ms, { signal }).catch(() => {});
  }

  #lose(events: number): void {
    this.#counts?.lost(events);
    if (this.#lost === 0) this.#logger.error({ file: this.#name }, "audit events are lost: more wait than are written");
    this.#lost += events;
  }

  #fails(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#logger.error(
      { file: this.#name },
      `the audit log cannot be written: ${messageOf(error)}; events wait, and are lost beyond ${this.#limit} bytes`,
    );
  }

  #isWell(): void {
    // Not while it is only a little less than too much: that would be told over and over.
    if ((!this.#isFailing && this.#lost === 0) || this.#waitingBytes > this.#limit / 2) return;
    this.#logger.info({ file: this.#name, lost: this.#lost }, "the audit log is written again");
    this.#isFailing = false;
    this.#lost = 0;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
