import type { Shipment, Source } from "./delivery.ts";
import { lineBytes, type OutboxBounds } from "../waiting/outbox.ts";
import type { Spill } from "../spill/spill.ts";
import type { Segment } from "../spill/spill-folder.ts";

/** The lines of one segment, in memory while they are sent. When all are done with, the segment is removed. */
export class SegmentSource implements Source {
  readonly segment: Segment;
  readonly #lines: readonly string[];
  readonly #spill: Spill;
  #done = 0;

  constructor(segment: Segment, lines: readonly string[], spill: Spill) {
    this.segment = segment;
    this.#lines = lines;
    this.#spill = spill;
  }

  get first(): number {
    return this.segment.first + this.#done;
  }

  take({ lines, bytes }: OutboxBounds): Shipment | undefined {
    const taken: string[] = [];
    let size = 0;
    for (let index = this.#done; index < this.#lines.length && taken.length < lines; index++) {
      const line = this.#lines[index] as string;
      const added = lineBytes(line);
      if (size + added > bytes && taken.length > 0) break;
      taken.push(line);
      size += added;
    }
    return { lines: taken, bytes: size, first: this.first, done: (count) => this.#finish(count) };
  }

  async #finish(count: number): Promise<void> {
    this.#done += count;
    await this.#spill.finish(this.segment, count);
  }
}
