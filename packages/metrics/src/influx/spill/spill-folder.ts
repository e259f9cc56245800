import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { KrmError } from "@krm/core";
import { lockFolder } from "./folder-lock.ts";
import { decodeSegment, parseSegmentName, segmentName } from "./segment-text.ts";

/** One file with lines. */
export interface Segment {
  readonly file: string;
  /** The place of its first line in the folder's order: that of an older segment is lower. */
  readonly first: number;
  readonly lines: number;
  /** Of the file. */
  readonly bytes: number;
  /** When its oldest line was offered; of one that an earlier process left, when it was written. Epoch milliseconds. */
  readonly at: number;
}

/** What {@link SpillFolder.read} found. */
export type SegmentRead =
  | { readonly type: "lines"; readonly lines: readonly string[] }
  /** Another process has sent it. */
  | { readonly type: "gone" }
  /** It cannot be read, and was set aside under another name where that was possible. */
  | { readonly type: "unreadable"; readonly error: KrmError };

/** The name of the mend, wherever the folder is to blame. */
const HINT = "check that the folder exists on a disk with room, and that this process may write to it";

/**
 * Lines on disk: a folder with segment files. A segment is there as a whole or not at all, also after a crash of the
 * machine (written under another name, synced, renamed, and the folder synced). Files 0600, the folder 0700.
 *
 * One process at a time has it, by a lock. Where two share it all the same (see `lockFolder`), no segment is lost and none
 * is overwritten; one may be sent twice, which InfluxDB does not mind.
 */
export class SpillFolder implements AsyncDisposable {
  readonly path: string;
  readonly #release: () => Promise<void>;
  readonly #writer = randomBytes(4).toString("hex");
  /** By place. */
  readonly #segments: Segment[] = [];
  /** What is added to the places of this process's lines: all segments that were found are older. */
  readonly #base: number;

  private constructor(path: string, found: readonly Segment[], release: () => Promise<void>) {
    this.path = path;
    this.#segments.push(...found.toSorted((a, b) => a.first - b.first));
    this.#base = this.#segments.reduce((next, { first, lines }) => Math.max(next, first + lines), 0);
    this.#release = release;
  }

  /**
   * Makes the folder where there is none, takes its lock, and finds what earlier processes left.
   *
   * @throws KrmError `KRM_METRICS_SPILL` where another process has it, or it cannot be used.
   */
  static async open(path: string): Promise<SpillFolder> {
    try {
      await mkdir(path, { recursive: true, mode: 0o700 });
      const lock = await lockFolder(path);
      if (lock.type === "held") {
        throw new KrmError("KRM_METRICS_SPILL", `the spill folder ${path} is used by process ${lock.pid}`, {
          hint: "give each process a folder of its own",
        });
      }
      return new SpillFolder(path, await find(path), () => lock.release());
    } catch (error) {
      throw KrmError.is(error) ? error : failed(`the spill folder ${path} cannot be opened`, error);
    }
  }

  get segments(): number {
    return this.#segments.length;
  }

  get lines(): number {
    return this.#segments.reduce((sum, { lines }) => sum + lines, 0);
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** By age, the oldest first. */
  get all(): readonly Segment[] {
    return this.#segments;
  }

  get oldest(): Segment | undefined {
    return this.#segments[0];
  }

  /** The place in the folder's order of a line of this process. */
  place(line: number): number {
    return this.#base + line;
  }

  /**
   * Writes a segment; once it resolves, it outlives a crash.
   *
   * @param text of `encodeSegment`
   * @throws KrmError `KRM_METRICS_SPILL`; nothing is left behind then.
   */
  async write(text: string, { first, lines, at }: Omit<Segment, "file" | "bytes">): Promise<void> {
    const name = segmentName({ first, lines }, this.#writer);
    const file = join(this.path, name);
    const temporary = `${file}.tmp`;
    try {
      const handle = await open(temporary, "w", 0o600);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, file);
      await this.#sync();
    } catch (error) {
      for (const left of [temporary, file]) await unlink(left).catch(() => {});
      throw failed(`the spill folder ${this.path} cannot be written to`, error);
    }
    const segment = { file, first, lines, bytes: Buffer.byteLength(text), at };
    const index = this.#segments.findIndex((other) => other.first > first);
    this.#segments.splice(index === -1 ? this.#segments.length : index, 0, segment);
  }

  /** Reads a segment; one that is gone or unreadable is forgotten. */
  async read(segment: Segment): Promise<SegmentRead> {
    let why: string;
    try {
      const decoded = decodeSegment(await readFile(segment.file, "utf8"));
      if ("wrong" in decoded) why = decoded.wrong;
      else if (decoded.length !== segment.lines) why = `it holds ${decoded.length} lines, not as many as its name says`;
      else return { type: "lines", lines: decoded };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") {
        this.#forget(segment);
        return { type: "gone" };
      }
      why = wordsOf(error);
    }
    this.#forget(segment);
    const aside = `${segment.file}.unreadable`;
    const kept = await rename(segment.file, aside).then(
      () => aside,
      () => segment.file,
    );
    const message = `the segment ${segment.file} cannot be read: ${why}`;
    return {
      type: "unreadable",
      error: new KrmError("KRM_METRICS_SPILL", message, { hint: `it is kept as ${kept}; look at it, then remove it` }),
    };
  }

  /** Removes a segment. One that cannot be removed is forgotten: the next process sends it again, which does no harm. */
  async remove(segment: Segment): Promise<void> {
    this.#forget(segment);
    await unlink(segment.file).catch(() => {});
  }

  /** Gives the lock back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#release();
  }

  #forget(segment: Segment): void {
    const index = this.#segments.indexOf(segment);
    if (index !== -1) this.#segments.splice(index, 1);
  }

  async #sync(): Promise<void> {
    const handle = await open(this.path, "r");
    try {
      await handle.sync();
    } catch (error) {
      // A file system that knows no such thing, as SMB: what it does with names is its own matter.
      if (!["EINVAL", "ENOTSUP", "ENOSYS", "EISDIR", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? ""))
        throw error;
    } finally {
      await handle.close();
    }
  }
}

/** Segments that are whole by their name; what a crash left half written is removed, and anything else is not touched. */
async function find(path: string): Promise<readonly Segment[]> {
  const segments: Segment[] = [];
  for (const name of await readdir(path)) {
    const file = join(path, name);
    const parsed = parseSegmentName(name);
    if (parsed !== undefined) {
      const { size, mtimeMs } = await stat(file);
      segments.push({ ...parsed, file, bytes: size, at: Math.round(mtimeMs) });
    } else if (name.endsWith(".tmp") && parseSegmentName(name.slice(0, -".tmp".length)) !== undefined)
      await unlink(file);
  }
  return segments;
}

function failed(what: string, cause: unknown): KrmError {
  return new KrmError("KRM_METRICS_SPILL", `${what}: ${wordsOf(cause)}`, { cause, hint: HINT });
}

function wordsOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Readonly<Record<string, string>> = {
    EACCES: "permission denied",
    ENOENT: "there is no such folder",
    ENOSPC: "no space left",
    ENOTDIR: "it is, or lies in, something that is no folder",
    EEXIST: "there is something else of that name",
    EROFS: "the disk is read-only",
  };
  return known[code ?? ""] ?? message;
}
