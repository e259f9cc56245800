import type { Clock, KrmError, Logger } from "@krm/core";
import { encodeSegment } from "./segment-text.ts";
import { type Segment, SpillFolder } from "./spill-folder.ts";

/** What a {@link Spill} is made of. */
export interface SpillOptions {
  readonly folder: string;
  /** Of all segments together. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a folder that failed is left alone. */
  readonly retryMs: number;
  /** Hears of lines that were on disk, or meant for it, and are given up. */
  readonly onDropped: (lines: number) => void;
}

/** Lines to be put on disk. */
export interface Spilling {
  readonly lines: readonly string[];
  /** The place of the first among all that this process was offered. */
  readonly first: number;
  /** When the oldest was offered, epoch milliseconds. */
  readonly at: number;
}

/** Whether the folder can be written to. */
type Condition =
  | { readonly type: "sound" }
  /** Left alone until then, on the monotonic clock. */
  | { readonly type: "failing"; readonly error: KrmError; readonly until: number };

/**
 * A spill folder as the writer sees it: it is opened when it can be, it never throws, and the oldest segments give way to
 * new ones at its bound. That it fails is told once, and once that it works again.
 */
export class Spill implements AsyncDisposable {
  readonly #options: SpillOptions;
  #folder: SpillFolder | undefined;
  #condition: Condition = { type: "sound" };
  /** The segment that is being sent: it does not give way. */
  #inUse: Segment | undefined;
  /** How many lines of a segment are done with. */
  readonly #done = new WeakMap<Segment, number>();

  constructor(options: SpillOptions) {
    this.#options = options;
  }

  /** Opens the folder, where it is not open and not to be left alone. */
  async prepare(): Promise<void> {
    const { folder, logger } = this.#options;
    if (this.#folder !== undefined || !this.#due()) return;
    try {
      this.#folder = await SpillFolder.open(folder);
    } catch (error) {
      this.#failed(error as KrmError);
      return;
    }
    this.#worked();
    const { segments, lines, bytes } = this.#folder;
    if (segments > 0)
      logger.info({ folder, segments, lines, bytes }, "the spill folder holds lines of earlier; they are sent first");
  }

  /** Tries again what failed, however short the time since: there will be no other. */
  async lastChance(): Promise<void> {
    if (this.#condition.type === "failing") this.#condition = { ...this.#condition, until: Number.NEGATIVE_INFINITY };
    await this.prepare();
  }

  /** Whether lines can be put there now, as far as is known. */
  get usable(): boolean {
    return this.#folder !== undefined && this.#due();
  }

  /** As `usable`; also while the folder has not been tried yet. */
  get hopeful(): boolean {
    return this.#due();
  }

  /** Whether the folder has not been tried yet: what is in it is not known. */
  get untried(): boolean {
    return this.#folder === undefined && this.#condition.type === "sound";
  }

  /** Why it cannot be used; undefined: it can, or was not tried yet. */
  get error(): KrmError | undefined {
    return this.#condition.type === "failing" ? this.#condition.error : undefined;
  }

  get segments(): number {
    return this.#folder?.segments ?? 0;
  }

  get lines(): number {
    return this.#folder?.lines ?? 0;
  }

  get bytes(): number {
    return this.#folder?.bytes ?? 0;
  }

  /** The oldest segment; undefined: there is none. */
  get oldest(): Segment | undefined {
    return this.#folder?.oldest;
  }

  /** The place, among the segments, of a line of this process. */
  place(line: number): number {
    return this.#folder?.place(line) ?? line;
  }

  /**
   * Puts lines on disk; the oldest segments give way where there is no room. False: they are not there, and the folder is
   * left alone for a while.
   */
  async save({ lines, first, at }: Spilling): Promise<boolean> {
    const folder = this.#folder;
    if (folder === undefined || !this.usable) return false;
    const text = encodeSegment(lines);
    if (!(await this.#makeRoom(folder, Buffer.byteLength(text)))) {
      this.#options.onDropped(lines.length);
      return true;
    }
    try {
      await folder.write(text, { first: folder.place(first), lines: lines.length, at });
    } catch (error) {
      this.#failed(error as KrmError);
      return false;
    }
    this.#worked();
    return true;
  }

  /** From now on this segment does not give way; undefined: any may. */
  hold(segment: Segment | undefined): void {
    this.#inUse = segment;
  }

  /** The lines of a segment. Undefined: it is there no more, or cannot be read, which was told. */
  async read(segment: Segment): Promise<readonly string[] | undefined> {
    const read = await this.#folder?.read(segment);
    if (read?.type === "lines") return read.lines;
    if (read?.type === "unreadable") {
      const { message, hint } = read.error;
      this.#options.logger.error({ error: message, hint }, "lines on disk are lost");
      this.#options.onDropped(segment.lines);
    }
    return undefined;
  }

  /** So many more lines of the segment are done with; it is removed when all are. */
  async finish(segment: Segment, lines: number): Promise<void> {
    const done = (this.#done.get(segment) ?? 0) + lines;
    this.#done.set(segment, done);
    if (done >= segment.lines) await this.#folder?.remove(segment);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder?.[Symbol.asyncDispose]();
  }

  /** False: there is not enough even without all others. */
  async #makeRoom(folder: SpillFolder, bytes: number): Promise<boolean> {
    const { maxBytes, onDropped } = this.#options;
    if (bytes > maxBytes) return false;
    while (folder.bytes + bytes > maxBytes) {
      const oldest = folder.all.find((segment) => segment !== this.#inUse);
      if (oldest === undefined) return false;
      await folder.remove(oldest);
      onDropped(oldest.lines - (this.#done.get(oldest) ?? 0));
    }
    return true;
  }

  #due(): boolean {
    return this.#condition.type === "sound" || this.#options.clock.monotonic() >= this.#condition.until;
  }

  #failed(error: KrmError): void {
    const { clock, retryMs, logger } = this.#options;
    if (this.#condition.type === "sound") {
      const fields = { error: error.message, hint: error.hint };
      logger.error(fields, "lines cannot be put on disk: when the buffer is full, the oldest are dropped");
    }
    this.#condition = { type: "failing", error, until: clock.monotonic() + retryMs };
  }

  #worked(): void {
    if (this.#condition.type === "failing")
      this.#options.logger.info({ folder: this.#options.folder }, "lines can be put on disk again");
    this.#condition = { type: "sound" };
  }
}
