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
 * wait: the API server closes watchers that read slowly (trap 31). Snapshots are always taken; there is one at a time.
 */
export class InputQueue {
  readonly #bounds: QueueBounds;
  #inputs: MergeInput[] = [];
  #bytes = 0;
  #arrived = Promise.withResolvers<void>();
  #drained: PromiseWithResolvers<void> | undefined;

  constructor(bounds: QueueBounds = DEFAULT_QUEUE_BOUNDS) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#inputs.length;
  }

  /** All of them, or, when there is no room, none: false. */
  offer(inputs: readonly MergeInput[]): boolean {
    let bytes = 0;
    let observations = 0;
    for (const input of inputs) {
      if (input.type !== "observed") continue;
      observations++;
      bytes += input.observation.object.bytes.byteLength;
    }
    const over = this.size + inputs.length > this.#bounds.inputs || this.#bytes + bytes > this.#bounds.bytes;
    if (over && observations > 0) return false;
    this.#bytes += bytes;
    for (const input of inputs) this.#inputs.push(input);
    this.#arrived.resolve();
    return true;
  }

  /** Everything that waits, at once; empty where nothing does. */
  take(): MergeInput[] {
    const inputs = this.#inputs;
    this.#inputs = [];
    this.#bytes = 0;
    this.#arrived = Promise.withResolvers<void>();
    this.#drained?.resolve();
    this.#drained = undefined;
    return inputs;
  }

  /** Resolves when something waits. */
  async arrived(): Promise<void> {
    if (this.size === 0) await this.#arrived.promise;
  }

  /** Resolves when nothing waits. */
  async drained(): Promise<void> {
    if (this.size === 0) return;
    this.#drained ??= Promise.withResolvers<void>();
    await this.#drained.promise;
  }
}
