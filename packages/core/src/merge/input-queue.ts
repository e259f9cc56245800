import type { ConsumedLogs } from "../store/input-log.ts";
import type { MergeInput } from "./merge-input.ts";

/** How much may wait to be merged. */
export interface QueueBounds {
  /** @default 100_000 */
  readonly inputs: number;
  /** Bodies of observations, in bytes. @default 256 MiB */
  readonly bytes: number;
}

/** The values that the fields of {@link QueueBounds} name. */
export const DEFAULT_QUEUE_BOUNDS: QueueBounds = { inputs: 100_000, bytes: 256 * 1024 * 1024 };

/**
 * Inputs on their way to the Merger, in order and bounded. A full queue refuses, and never makes the reader of a watch
 * wait: the API server closes watchers that read slowly (trap 31). Snapshots are always taken: who sends
 * one first waits, by `drained`, until its last one is merged.
 */
export class InputQueue<I extends MergeInput = MergeInput> {
  readonly #bounds: QueueBounds;
  #inputs: I[] = [];
  /** Inputs before this index are merged. */
  #head = 0;
  #bytes = 0;
  #arrived = Promise.withResolvers<void>();
  /** What of the logs is consumed when so many inputs are merged, ascending. */
  #marks: { readonly until: number; readonly consumed: ConsumedLogs }[] = [];
  /** How many were ever taken, and how many of them are merged. */
  #taken = 0;
  #merged = 0;
  /** Those who wait until so many are merged, ascending. */
  readonly #waiting: (PromiseWithResolvers<void> & { readonly until: number })[] = [];

  constructor(bounds: QueueBounds = DEFAULT_QUEUE_BOUNDS) {
    this.#bounds = bounds;
  }

  /** Inputs that are not merged yet, those that are being merged included. */
  get size(): number {
    return this.#inputs.length - this.#head;
  }

  /**
   * All of them, or, when there is no room, none: false.
   *
   * @param consumed What of the logs is consumed when these are merged.
   */
  offer(inputs: readonly I[], consumed?: ConsumedLogs): boolean {
    const bytes = sizeOf(inputs);
    const over = this.size + inputs.length > this.#bounds.inputs || this.#bytes + bytes > this.#bounds.bytes;
    // One batch is taken whatever its size: it would else never be.
    if (over && bytes > 0 && this.size > 0) return false;
    this.#bytes += bytes;
    for (const input of inputs) this.#inputs.push(input);
    this.#taken += inputs.length;
    if (consumed !== undefined) this.#marks.push({ until: this.#taken, consumed });
    if (inputs.length > 0) this.#arrived.resolve();
    return true;
  }

  /** The oldest inputs, `most` and so many bytes at most, but one at least. They count as waiting until `remove`. */
  peek(most: number, bytes: number = Number.POSITIVE_INFINITY): I[] {
    const inputs = this.#inputs.slice(this.#head, this.#head + most);
    let held = 0;
    const end = inputs.findIndex((input, index) => {
      held += bytesOf(input);
      return index > 0 && held > bytes;
    });
    return end < 0 ? inputs : inputs.slice(0, end);
  }

  /** What of the logs is consumed when the `count` oldest inputs are merged; undefined: nothing more than before. */
  consumedWith(count: number): ConsumedLogs | undefined {
    const until = this.#merged + count;
    const marks = this.#marks.filter((mark) => mark.until <= until);
    return marks.length === 0 ? undefined : Object.assign({}, ...marks.map(({ consumed }) => consumed));
  }

  /** Forgets the oldest inputs, which `peek` gave: they are merged and written. */
  remove(inputs: readonly I[]): void {
    this.#head += inputs.length;
    this.#bytes -= sizeOf(inputs);
    this.#merged += inputs.length;
    if (this.#marks.length > 0) this.#marks = this.#marks.filter(({ until }) => until > this.#merged);
    while ((this.#waiting[0]?.until ?? Number.POSITIVE_INFINITY) <= this.#merged) this.#waiting.shift()?.resolve();
    if (this.#head === this.#inputs.length) {
      this.#inputs = [];
      this.#head = 0;
      this.#arrived = Promise.withResolvers<void>();
    } else if (this.#head >= 4096) {
      this.#inputs = this.#inputs.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Lets `arrived` resolve although nothing waits. */
  wake(): void {
    this.#arrived.resolve();
  }

  /** Resolves when something waits, or at `wake`. */
  async arrived(): Promise<void> {
    if (this.size === 0) await this.#arrived.promise;
  }

  /** Resolves when everything that was taken before this call is merged and written, whatever came since. */
  async drained(): Promise<void> {
    if (this.size === 0) return;
    let last = this.#waiting.at(-1);
    if (last?.until !== this.#taken) {
      last = { until: this.#taken, ...Promise.withResolvers<void>() };
      this.#waiting.push(last);
    }
    await last.promise;
  }
}

function sizeOf(inputs: readonly MergeInput[]): number {
  let bytes = 0;
  for (const input of inputs) bytes += bytesOf(input);
  return bytes;
}

/** Bodies of observations; what has none is small, and always taken. */
function bytesOf(input: MergeInput): number {
  return input.type === "observed" ? input.observation.object.bytes.byteLength : 0;
}
