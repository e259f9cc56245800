import { type RingEvent, sizeOf } from "./watch-event.ts";

/** What is kept before the oldest half of it goes. Bytes. */
const KEPT_BYTES = 64 * 1024 * 1024;

/**
 * Frames that were made lately, of all that is watched of one server, for readers who come to the same events a little
 * later. An event is of one resource, and the same one for all who tell it. What it keeps alive counts too, since the log
 * may have forgotten it, and the view gone on.
 */
export class FrameCache {
  readonly #atMost: number;
  /** Each event's frames; the oldest event first. */
  readonly #frames = new Map<RingEvent, Map<string, Buffer>>();
  #bytes = 0;

  constructor(atMost: number = KEPT_BYTES) {
    this.#atMost = atMost;
  }

  /** The size of all that is kept: frames, and the states of their events. */
  get bytes(): number {
    return this.#bytes;
  }

  get(event: RingEvent, id: string): Buffer | undefined {
    return this.#frames.get(event)?.get(id);
  }

  /** Keeps a frame that is not kept yet. */
  keep(event: RingEvent, id: string, frame: Buffer): void {
    let frames = this.#frames.get(event);
    if (frames === undefined) {
      frames = new Map();
      this.#frames.set(event, frames);
      this.#bytes += sizeOf(event);
    }
    frames.set(id, frame);
    this.#bytes += frame.length;
    if (this.#bytes > this.#atMost) this.#forgetOld();
  }

  #forgetOld(): void {
    for (const [event, frames] of this.#frames) {
      if (this.#bytes <= this.#atMost / 2) return;
      for (const { length } of frames.values()) this.#bytes -= length;
      this.#bytes -= sizeOf(event);
      this.#frames.delete(event);
    }
  }
}
