import { Buffer } from "node:buffer";
import { KrmError } from "../errors.ts";
import type { WatchEvent } from "../ports/list-watch.ts";
import { decodeError, type DecodeOptions, dropOf } from "./decode-options.ts";
import { skipSpace } from "./json-scan.ts";
import type { MemberPlan } from "./member-plan.ts";
import { ObjectScan } from "./object-scan.ts";
import { decodeFrame } from "./watch-frame.ts";
import { asBuffer } from "./as-buffer.ts";

/** How a watch is decoded. */
export interface WatchDecoderOptions extends DecodeOptions {
  /** The longest frame that is taken, in bytes. Default: 16 MiB; an object in etcd has 1.5 MiB at most. */
  readonly maxFrameBytes?: number | undefined;
}

const NEWLINE = 0x0a;
const DEFAULT_MAX_FRAME_BYTES = 16 * 1024 * 1024;
/** What is kept between frames for the next one that is split; a larger one gives its space back. */
const KEPT_CAPACITY = 256 * 1024;

/**
 * Turns the bytes of a watch into events. Frames are lines: only `\n` ends one (not U+2028), empty ones are skipped,
 * chunks may split them anywhere. Nothing of a chunk is kept: its memory can be used again after `push`.
 *
 * A frame that cannot be read ends the decoding, since what it told is lost. `push` then returns the events before it;
 * the error stands in {@link WatchDecoder.error} at once, and the next `push` or `end` throws it.
 *
 * @example
 * for await (const chunk of body) {
 *   yield decoder.push(chunk);
 *   if (decoder.error !== undefined) throw decoder.error;
 * }
 * decoder.end();
 */
export class WatchDecoder {
  readonly #plan: MemberPlan;
  readonly #maxFrameBytes: number;
  readonly #scan = new ObjectScan();
  /** The beginning of the frame that the last chunk ended in. */
  #partial: Buffer = Buffer.alloc(0);
  #partialLength = 0;
  #error: KrmError | undefined;

  constructor(options: WatchDecoderOptions = {}) {
    this.#plan = dropOf(options).plan;
    this.#maxFrameBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
  }

  /** Why decoding has ended: `KRM_DECODE`, or `KRM_INVALID_RESOURCE_VERSION` of an object or a bookmark. */
  get error(): KrmError | undefined {
    return this.#error;
  }

  /**
   * The events that `chunk` completes, in order; often none.
   *
   * @throws KrmError the {@link WatchDecoder.error} of an earlier push.
   */
  push(chunk: Uint8Array): WatchEvent[] {
    if (this.#error !== undefined) throw this.#error;
    const events: WatchEvent[] = [];
    try {
      this.#decode(asBuffer(chunk), events);
    } catch (error) {
      if (!KrmError.is(error)) throw error;
      this.#error = error;
      this.#release();
    }
    return events;
  }

  /**
   * Says that the stream has ended.
   *
   * @throws KrmError `KRM_DECODE` when it ended within a frame, or the error of an earlier push.
   */
  end(): void {
    if (this.#error !== undefined) throw this.#error;
    const size = this.#partialLength;
    if (skipSpace(this.#partial, 0, size) < size) {
      this.#error = new KrmError("KRM_DECODE", `the stream ended within a watch frame, after ${size} bytes of it`);
      this.#release();
      throw this.#error;
    }
  }

  #decode(b: Buffer, events: WatchEvent[]): void {
    let start = 0;
    for (;;) {
      const newline = b.indexOf(NEWLINE, start);
      const end = newline === -1 ? b.length : newline;
      if (this.#partialLength + end - start > this.#maxFrameBytes) {
        throw new KrmError("KRM_DECODE", `a watch frame is longer than ${this.#maxFrameBytes} bytes`);
      }
      if (newline === -1) break;
      if (this.#partialLength === 0) {
        this.#frame(b, start, newline, events);
      } else {
        this.#keep(b, start, newline + 1);
        this.#frame(this.#partial, 0, this.#partialLength - 1, events);
        this.#partialLength = 0;
        if (this.#partial.length > KEPT_CAPACITY) this.#release();
      }
      start = newline + 1;
    }
    if (start < b.length) this.#keep(b, start, b.length);
  }

  #frame(b: Buffer, start: number, end: number, events: WatchEvent[]): void {
    const at = skipSpace(b, start, end);
    if (at === end) return;
    try {
      events.push(decodeFrame(b, at, end, this.#scan, this.#plan));
    } catch (error) {
      throw decodeError(error, "a watch frame", start, end - start);
    }
  }

  #keep(b: Buffer, start: number, end: number): void {
    const size = this.#partialLength + end - start;
    if (size > this.#partial.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(size, this.#partial.length * 2, 4096));
      this.#partial.copy(larger, 0, 0, this.#partialLength);
      this.#partial = larger;
    }
    b.copy(this.#partial, this.#partialLength, start, end);
    this.#partialLength = size;
  }

  #release(): void {
    this.#partial = Buffer.alloc(0);
    this.#partialLength = 0;
  }
}
