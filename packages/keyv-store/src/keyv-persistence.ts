import {
  type CallOptions,
  KrmError,
  type PersistedView,
  type Scope,
  scopeId,
  type ViewCommit,
  type ViewPersistence,
} from "@krm/core";
import type { AdapterRecords } from "./adapter/adapter-records.ts";
import { commitRecords } from "./records/commit-records.ts";
import { SCOPES, viewKey } from "./records/record-keys.ts";
import { readScopes, readView } from "./records/state-text.ts";
import { RedoLog } from "./redo-log.ts";
import { SerialQueue } from "./serial-queue.ts";
import { readViews } from "./stored-views.ts";
import { Writer } from "./writer.ts";

/**
 * Keeps views in a Keyv adapter. A commit is one transaction where the backend has them; else it goes through a redo
 * log, so that a crash at any point leaves it whole or not begun. Its cost does not depend on how much is kept.
 */
export class KeyvPersistence implements ViewPersistence {
  readonly #records: AdapterRecords;
  readonly #writer: Writer;
  readonly #redo: RedoLog;
  readonly #queue = new SerialQueue();
  #scopes: Scope[] = [];
  /** Of the newest attempt. */
  #sequence = 0;
  /** Views that were read along with another's and not asked for yet, by the place of their scope. */
  readonly #read = new Map<number, PersistedView>();
  /** Places of scopes whose view was given away. */
  readonly #given = new Set<number>();
  #closed = false;

  private constructor(records: AdapterRecords, redo: RedoLog) {
    this.#records = records;
    this.#writer = new Writer(records);
    this.#redo = redo;
  }

  /**
   * Takes over what is there: from now on whoever wrote to it before is refused. On failure the adapter is
   * disconnected.
   *
   * @throws KrmError `KRM_STORE_UNUSABLE`, `KRM_STORE_FAILED`
   */
  static async open(records: AdapterRecords, redo: RedoLog = new RedoLog(records)): Promise<KeyvPersistence> {
    const persistence = new KeyvPersistence(records, redo);
    try {
      await persistence.#writer.takeOver();
      await persistence.#restore();
    } catch (error) {
      await records.close().catch(() => {});
      throw error;
    }
    return persistence;
  }

  async scopes(options?: CallOptions): Promise<readonly Scope[]> {
    return this.#next(options, async () => {
      await this.#recover();
      return [...this.#scopes];
    });
  }

  async load(scope: Scope, options?: CallOptions): Promise<PersistedView | undefined> {
    return this.#next(options, async () => {
      await this.#recover();
      const place = this.#placeOf(scope);
      if (place < 0) return undefined;
      if (!this.#read.has(place)) await this.#readAll(place);
      const view = this.#read.get(place);
      this.#read.delete(place);
      this.#given.add(place);
      return view;
    });
  }

  async commit(scope: Scope, commit: ViewCommit, options?: CallOptions): Promise<void> {
    return this.#next(options, async () => {
      const records = commitRecords(++this.#sequence, this.#scopes, scope, commit);
      const { writes, removes, mark } = records;
      if (this.#records.transactional) {
        await this.#records.transaction(async () => {
          await this.#writer.check();
          await this.#records.put([...writes, mark]);
          await this.#records.remove(removes);
        });
      } else {
        await this.#writer.check();
        await this.#redo.settle();
        if (writes.length === 0 && removes.length === 0) await this.#records.put([mark]);
        else await this.#redo.commit(records, () => this.#writer.check());
      }
      if (this.#placeOf(scope) < 0) this.#scopes.push(scope);
      this.#read.delete(this.#placeOf(scope));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#queue.run(() => this.#records.close());
  }

  #placeOf(scope: Scope): number {
    const id = scopeId(scope);
    return this.#scopes.findIndex((one) => scopeId(one) === id);
  }

  async #next<T>(options: CallOptions | undefined, work: () => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      options?.signal?.throwIfAborted();
      if (this.#closed) throw new KrmError("KRM_STORE_CLOSED", "the store is closed");
      return work();
    });
  }

  /** After an attempt that failed, the store says how it ended, not this process. */
  async #recover(): Promise<void> {
    if (!this.#redo.unsettled) return;
    await this.#writer.check();
    await this.#restore();
  }

  async #restore(): Promise<void> {
    await this.#redo.recover();
    this.#scopes = readScopes(await this.#records.get(SCOPES));
    for (const place of this.#scopes.keys()) {
      const view = await this.#records.get(viewKey(place));
      if (view !== undefined) this.#sequence = Math.max(this.#sequence, readView(view).sequence);
    }
  }

  /** An adapter tells everything or nothing, so that every scope is read when one is. */
  async #readAll(wanted: number): Promise<void> {
    const { views, litter } = await readViews(this.#records);
    for (const [place, view] of views) if (place === wanted || !this.#given.has(place)) this.#read.set(place, view);
    await this.#records.remove(litter);
  }
}
