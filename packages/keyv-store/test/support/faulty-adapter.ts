import type { SeededRandom } from "@krm/testkit";
import { KeyvMemoryAdapter, type KeyvStorageEntry, type KeyvStorageGetResult } from "keyv";

/** When and how an adapter fails. */
export interface Fault {
  /** Writes of single entries that still succeed. */
  readonly after: number;
  /** Calls that fail then; `Infinity`: the process has died. */
  readonly times: number;
  /** The first write that fails takes effect all the same: only its answer is lost. */
  readonly lands: boolean;
  /** As adapters of SQL do it: `set` and `setMany` emit an error and answer `false`. */
  readonly quietly: boolean;
}

/** A Map as a Keyv adapter that fails on demand; `setMany` and `deleteMany` may stop half-way, in any order. */
export class FaultyAdapter extends KeyvMemoryAdapter {
  writes = 0;
  readonly #fault: Fault | undefined;
  readonly #random: SeededRandom;
  #failed = 0;

  constructor(data: Map<string, unknown>, random: SeededRandom, fault?: Fault) {
    super(data);
    this.#random = random;
    this.#fault = fault;
    this.on("error", () => {});
  }

  /** Whether it has failed at all. */
  get struck(): boolean {
    return this.#failed > 0;
  }

  override async get<T>(key: string): Promise<KeyvStorageGetResult<T>> {
    this.#guard();
    return super.get<T>(key);
  }

  override async set(key: string, value: unknown): Promise<boolean> {
    return this.#answer(() => this.#write(() => super.set(key, value)));
  }

  override async setMany<T>(entries: KeyvStorageEntry<T>[]): Promise<boolean[]> {
    const done = await this.#answer(async () => {
      for (const { key, value } of this.#shuffled(entries)) await this.#write(() => super.set(key, value));
    });
    return entries.map(() => done);
  }

  override async delete(key: string): Promise<boolean> {
    await this.#write(() => super.delete(key));
    return true;
  }

  override async deleteMany(keys: string[]): Promise<boolean[]> {
    for (const key of this.#shuffled(keys)) await this.delete(key);
    return keys.map(() => true);
  }

  override async *iterator<T>(): AsyncGenerator<(string | Awaited<T> | undefined)[], void> {
    this.#guard();
    yield* super.iterator<T>();
  }

  async #answer(work: () => Promise<unknown>): Promise<boolean> {
    if (this.#fault?.quietly !== true) {
      await work();
      return true;
    }
    try {
      await work();
      return true;
    } catch (error) {
      this.emit("error", error);
      return false;
    }
  }

  async #write(work: () => Promise<unknown>): Promise<void> {
    const first = !this.struck;
    try {
      this.#guard(this.writes);
    } catch (error) {
      if (first && this.#fault?.lands === true) await work();
      throw error;
    }
    await work();
    this.writes++;
  }

  /** A read fails only while it is down, not as the first. */
  #guard(writes = -1): void {
    const fault = this.#fault;
    if (fault === undefined || (!this.struck && writes < fault.after)) return;
    if (this.#failed >= fault.times) return;
    this.#failed++;
    throw new Error("the backend is gone");
  }

  #shuffled<T>(from: readonly T[]): T[] {
    const out = [...from];
    for (let last = out.length - 1; last > 0; last--) {
      const other = this.#random.integer(0, last);
      [out[last], out[other]] = [out[other] as T, out[last] as T];
    }
    return out;
  }
}
