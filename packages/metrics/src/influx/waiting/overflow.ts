import type { DropNotice } from "./drop-notice.ts";
import type { Outbox, OutboxBounds } from "./outbox.ts";
import type { Spill } from "../spill/spill.ts";

/** With a disk that is slow to take lines, memory may hold so many times its bounds before lines are dropped. */
const HARD_BOUND = 2;

/** What an {@link Overflow} watches over. */
export interface OverflowOptions {
  readonly outbox: Outbox;
  readonly bounds: OutboxBounds;
  /** Undefined: what is too much is dropped. */
  readonly spill: Spill | undefined;
  /** Of one segment. */
  readonly segment: OutboxBounds;
  readonly notice: DropNotice;
}

/** Keeps the lines in memory within their bounds: the oldest are put on disk, or dropped. */
export class Overflow {
  readonly #options: OverflowOptions;
  #spilling: Promise<void> | undefined;

  constructor(options: OverflowOptions) {
    this.#options = options;
  }

  /** What one offer may have at most: a larger one would drop all others, and then itself. */
  admits(lines: number, bytes: number): boolean {
    const { lines: mostLines, bytes: mostBytes } = this.#hardBounds();
    return lines <= mostLines && bytes <= mostBytes;
  }

  /** To be called when lines were added, or the disk may take more. Drops at once, begins to put lines on disk, never waits. */
  check(): void {
    const { outbox, bounds, spill } = this.#options;
    if (!outbox.exceeds(bounds)) return;
    if (spill?.usable === true) this.#spilling ??= this.#spill(spill).finally(() => (this.#spilling = undefined));
    this.#drop(this.#hardBounds());
  }

  /** Whether lines are on their way to the disk. */
  get busy(): boolean {
    return this.#spilling !== undefined;
  }

  /** Resolves when no line is on its way to the disk. Until then, which lines are the oldest is not settled. */
  async idle(): Promise<void> {
    while (this.#spilling !== undefined) await this.#spilling;
  }

  /** Puts everything on disk, as far as the disk takes it. */
  async saveAll(): Promise<void> {
    await this.idle();
    const { spill, outbox } = this.#options;
    while (spill?.usable === true && outbox.first !== undefined) if (!(await this.#save(spill))) return;
  }

  #hardBounds(): OutboxBounds {
    const { bounds, spill } = this.#options;
    const factor = spill?.hopeful === true ? HARD_BOUND : 1;
    return { lines: bounds.lines * factor, bytes: bounds.bytes * factor };
  }

  async #spill(spill: Spill): Promise<void> {
    const { outbox, bounds } = this.#options;
    while (outbox.exceeds(bounds) && outbox.first !== undefined) {
      if (await this.#save(spill)) continue;
      this.#drop(this.#hardBounds());
      return;
    }
  }

  async #save(spill: Spill): Promise<boolean> {
    const parcel = this.#options.outbox.take(this.#options.segment);
    if (parcel === undefined) return false;
    const saved = await spill.save(parcel);
    parcel.done(saved ? parcel.lines.length : 0);
    return saved;
  }

  #drop(bounds: OutboxBounds): void {
    const { outbox, notice } = this.#options;
    while (outbox.exceeds(bounds)) {
      const lines = outbox.dropOldest();
      if (lines === undefined) return;
      notice.dropped(lines);
    }
  }
}
