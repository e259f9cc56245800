import type { ServerResponse } from "node:http";

const LINE_BREAK = Buffer.from("\n");

/**
 * The lines of one watch on their way to its socket. Lines that come in one turn of the event loop leave in one chunk.
 * While the stream is held (a pause, a stall) nothing leaves, not even the end.
 */
export class WatchStream {
  readonly #response: ServerResponse;
  readonly #limitBytes: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #scheduled = false;
  #held = false;
  #silent = false;
  #hushed = false;
  #ending = false;
  /** The connection is to break behind the last bytes. */
  #cut = false;

  /** `limitBytes` may wait for the reader before the watch is closed on it, as upstream closes an unresponsive one. */
  constructor(response: ServerResponse, limitBytes: number) {
    this.#response = response;
    this.#limitBytes = limitBytes;
  }

  get closed(): boolean {
    return this.#ending || this.#response.destroyed;
  }

  /** Adds one line. Ignored after the end. */
  send(line: Buffer): void {
    if (this.closed || this.#silent || this.#hushed) return;
    this.#push(line);
    if (this.#waitingBytes + this.#response.writableLength > this.#limitBytes) this.destroy();
    else this.#schedule();
  }

  /** Hands lines over as fast as the reader takes them. Resolves when the last one is handed over. */
  async sendAll(lines: Iterable<Buffer>): Promise<void> {
    for (const line of lines) {
      if (this.closed || this.#silent || this.#hushed) return;
      this.#push(line);
      if (this.#waitingBytes < 64 * 1024 || this.#held) continue;
      this.#flush();
      if (this.#response.writableNeedDrain) await this.#drained();
    }
    this.#schedule();
  }

  /** Ends the stream cleanly, behind all lines. */
  end(): void {
    this.#ending = true;
    this.#schedule();
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#waiting = [];
    this.#response.destroy();
  }

  /** Sends a part of a line and cuts the connection behind it. */
  truncate(line: Buffer): void {
    if (this.closed || this.#silent || this.#hushed) return;
    this.#push(line.subarray(0, Math.ceil(line.length / 2)));
    this.#ending = true;
    this.#cut = true;
    this.#schedule();
  }

  /** Falls silent for good: the connection stays, nothing comes any more. */
  silence(): void {
    this.#silent = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** Sends a line break, and from now on no line any more: bytes that say nothing. */
  hush(): void {
    if (this.closed || this.#silent) return;
    this.#hushed = true;
    this.#push(LINE_BREAK);
    this.#schedule();
  }

  /** Holds everything back, or lets it go again. */
  hold(held: boolean): void {
    this.#held = held;
    if (held) return;
    if (!this.#response.headersSent) this.#response.flushHeaders();
    this.#schedule();
  }

  #push(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#response.off("drain", done).off("close", done);
        resolve();
      };
      this.#response.on("drain", done).on("close", done);
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#held || this.#silent || this.#response.destroyed) return;
    if (this.#waiting.length > 0) {
      const bytes = this.#waiting.length === 1 ? this.#waiting[0] : Buffer.concat(this.#waiting);
      this.#response.write(bytes, () => {
        if (this.#cut) this.#response.destroy();
      });
      this.#waiting = [];
      this.#waitingBytes = 0;
    }
    if (this.#ending && !this.#cut) this.#response.end();
  }
}
