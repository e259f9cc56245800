import type { AdapterRecords } from "./adapter/adapter-records.ts";
import type { CommitRecords, RecordEntry } from "./records/commit-records.ts";
import { REDO, redoPartKey } from "./records/record-keys.ts";
import { readRedo, REDO_PART_LENGTH, redoText } from "./records/redo-record.ts";
import { readView } from "./records/state-text.ts";

/** What an attempt has left behind that must be seen to before the next one. */
type Unsettled =
  /** Whether its record stands is not known; nothing of it is done. */
  | { readonly type: "undecided"; readonly parts: readonly string[] }
  /** Its record stands, and so does the commit; not all of it may be done. */
  | { readonly type: "decided"; readonly commit: CommitRecords; readonly parts: readonly string[] };

/**
 * Makes many writes one: what they will be is written down first, in a record of its own. A commit stands from the
 * moment that this record stands; what a crash leaves undone is done from it. One record, which the next one replaces.
 */
export class RedoLog {
  readonly #records: AdapterRecords;
  readonly #partLength: number;
  #unsettled: Unsettled | undefined;

  /** @param partLength What goes into one record of a long one, in UTF-16 units. */
  constructor(records: AdapterRecords, partLength: number = REDO_PART_LENGTH) {
    this.#records = records;
    this.#partLength = partLength;
  }

  /** True: {@link settle} or {@link recover} must come before anything else. */
  get unsettled(): boolean {
    return this.#unsettled !== undefined;
  }

  /**
   * Writes down a commit and does it. Resolves when it stands, though doing it may have failed: then `unsettled` says
   * so. When it rejects, the commit may stand or not, until it is settled.
   *
   * @param confirm Called between the parts of a long record and what makes them count.
   */
  async commit(commit: CommitRecords, confirm: () => Promise<void>): Promise<void> {
    const text = redoText(commit, this.#partLength);
    const entries = text.parts.map((part, index): RecordEntry => [redoPartKey(commit.sequence, index), part]);
    const parts = entries.map(([key]) => key);
    this.#unsettled = { type: "undecided", parts };
    if (entries.length > 0) {
      await this.#records.put(entries);
      await confirm();
    }
    await this.#records.put([[REDO, text.record]]);
    this.#unsettled = { type: "decided", commit, parts };
    try {
      await this.#finish(commit, parts);
    } catch {
      // It stands all the same. The next commit finishes this one first, and tells what goes wrong then.
    }
  }

  /** Finishes a commit that stands; takes back one of which that is not known. */
  async settle(): Promise<void> {
    if (this.#unsettled === undefined) return;
    if (this.#unsettled.type === "decided") await this.#finish(this.#unsettled.commit, this.#unsettled.parts);
    else await this.#withdraw(this.#unsettled.parts);
  }

  /** Finishes what stands in the store, whoever wrote it down. */
  async recover(): Promise<void> {
    const record = await this.#records.get(REDO);
    const redo = record === undefined ? undefined : readRedo(record);
    const mark = redo && (await this.#records.get(redo.markKey));
    const done = redo === undefined || (mark !== undefined && readView(mark).sequence >= redo.sequence);
    if (done) {
      this.#unsettled = undefined;
      return;
    }
    const parts = Array.from({ length: redo.parts }, (_, index) => redoPartKey(redo.sequence, index));
    const values: (string | undefined)[] = [];
    for (const part of parts) values.push(await this.#records.get(part));
    const commit = redo.complete(values);
    if (commit !== undefined) await this.#finish(commit, parts);
    // One that was being taken back.
    else await this.#withdraw(parts);
  }

  async #finish({ writes, removes, mark }: CommitRecords, parts: readonly string[]): Promise<void> {
    await this.#records.remove(removes);
    if (this.#records.inOrder) await this.#records.put([...writes, mark]);
    else {
      await this.#records.put(writes);
      await this.#records.put([mark]);
    }
    await this.#records.remove(parts);
    this.#unsettled = undefined;
  }

  async #withdraw(parts: readonly string[]): Promise<void> {
    await this.#records.remove([REDO, ...parts]);
    this.#unsettled = undefined;
  }
}
