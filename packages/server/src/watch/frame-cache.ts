import type { RingEvent } from "./watch-event.ts";

/** What is kept before the oldest half of it goes. Bytes. */
const KEPT_BYTES = 16 * 1024 * 1024;

/** Frames that were made lately, for readers who come to the same events a little later. */
export class FrameCache {
  readonly #atMost: number;
  /** Each event's frames; the oldest event first. */
  readonly #frames = new Map<RingEvent, Map<string, Buffer>>();
  #bytes = 0;

  constructor(atMost: number = KEPT_BYTES) {
    this.#atMost = atMost;
  }

  /** The size of all frames that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  get(event: RingEvent, id: string): Buffer | undefined {
    return this.#frames.get(event)?.get(id);
  }

  /** Keeps a frame that is not kept yet. */
  keep(event: RingEvent, id: string, frame: Buffer): void {
    const frames = this.#frames.get(event) ?? new Map<string, Buffer>();
    this.#frames.set(event, frames.set(id, frame));
    this.#bytes += frame.length;
    if (this.#bytes > this.#atMost) this.#forgetOld();
  }

  #forgetOld(): void {
    for (const [event, frames] of this.#frames) {
      if (this.#bytes <= this.#atMost / 2) return;
      for (const { length } of frames.values()) this.#bytes -= length;
      this.#frames.delete(event);
    }
  }
}
