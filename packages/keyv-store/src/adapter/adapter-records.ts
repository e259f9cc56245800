import { KrmError } from "@krm/core";
import type { KeyvStorageAdapter } from "keyv";
import type { RecordEntry } from "../records/commit-records.ts";

/** What a backend can be told beyond its adapter. */
export interface AdapterRecordsOptions {
  readonly adapter: KeyvStorageAdapter;
  /** What the name of every record begins with, before a `/`. */
  readonly namespace: string;
  /** Puts a failure into words. `doing`: what was tried. */
  readonly explain: (error: unknown, doing: "read" | "write") => KrmError;
  /** The adapter's `setMany` writes all entries or none. */
  readonly atomicBatches?: boolean | undefined;
  /** Does all that `work` writes, or nothing of it. Undefined: the backend cannot. */
  readonly transaction?: ((work: () => Promise<void>) => Promise<void>) | undefined;
}

/** How much one call of the adapter writes at most: entries, and UTF-16 units where it is not a single entry. */
const BATCH = { entries: 512, length: 4 * 1024 * 1024 };

/**
 * Records in a Keyv storage adapter, under one namespace. A failure rejects, however the adapter tells it: adapters
 * throw, answer `false`, end an iteration early, or only emit `error`. Not to be called by two at a time.
 */
export class AdapterRecords {
  readonly #options: AdapterRecordsOptions;
  readonly #adapter: KeyvStorageAdapter;
  readonly #prefix: string;
  /** What the adapter has emitted as an error during this call. */
  #heard: unknown;

  constructor(options: AdapterRecordsOptions) {
    this.#options = options;
    this.#adapter = options.adapter;
    this.#prefix = `${options.namespace}/`;
    if (typeof this.#adapter.on === "function") this.#adapter.on("error", this.#hear);
  }

  readonly #hear = (error: unknown): void => {
    this.#heard ??= error;
  };

  async get(key: string): Promise<string | undefined> {
    return this.#call("read", async () => textOf(await this.#adapter.get(this.#prefix + key)));
  }

  /** True: of what one `put` takes, the last entry is never there before all others are. */
  get inOrder(): boolean {
    return this.#options.atomicBatches === true;
  }

  /** In batches, one after the other; entries of one batch in any order. */
  async put(entries: readonly RecordEntry[]): Promise<void> {
    for (const batch of batches(entries)) {
      await this.#call("write", async () => {
        const [first] = batch;
        const done =
          batch.length === 1 && first !== undefined
            ? await this.#adapter.set(this.#prefix + first[0], first[1])
            : await this.#adapter.setMany(batch.map(([key, value]) => ({ key: this.#prefix + key, value })));
        if (done === false || (Array.isArray(done) && done.includes(false))) throw this.#heard ?? refusal();
      });
    }
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (let start = 0; start < keys.length; start += BATCH.entries) {
      const some = keys.slice(start, start + BATCH.entries).map((key) => this.#prefix + key);
      await this.#call("write", () => this.#adapter.deleteMany(some));
    }
  }

  /** All records, in any order; one may come twice. */
  async *scan(): AsyncGenerator<RecordEntry> {
    const entries = this.#adapter.iterator?.();
    if (entries === undefined) return;
    try {
      for (;;) {
        const { done, value } = await this.#call("read", () => entries.next());
        if (done === true || value === undefined) return;
        const [key, held] = value;
        if (typeof key !== "string" || !key.startsWith(this.#prefix)) continue;
        const text = textOf(held);
        if (text !== undefined) yield [key.slice(this.#prefix.length), text];
      }
    } finally {
      await entries.return?.();
    }
  }

  /** True: {@link transaction} may be called. */
  get transactional(): boolean {
    return this.#options.transaction !== undefined;
  }

  /** Does all that `work` writes, or nothing of it. */
  async transaction(work: () => Promise<void>): Promise<void> {
    await this.#call("write", async () => this.#options.transaction?.(work));
  }

  /** Disconnects the adapter. */
  async close(): Promise<void> {
    await this.#adapter.disconnect?.();
    if (typeof this.#adapter.off === "function") this.#adapter.off("error", this.#hear);
  }

  async #call<T>(doing: "read" | "write", work: () => Promise<T>): Promise<T> {
    this.#heard = undefined;
    let result: T;
    try {
      result = await work();
    } catch (error) {
      throw KrmError.is(error) ? error : this.#options.explain(this.#heard ?? error, doing);
    }
    if (this.#heard !== undefined) throw this.#options.explain(this.#heard, doing);
    return result;
  }
}

function refusal(): Error {
  return new Error("the adapter has not written it, and does not say why");
}

function textOf(held: unknown): string | undefined {
  if (held === undefined || held === null || typeof held === "string") return held ?? undefined;
  if (held instanceof Uint8Array) return new TextDecoder("utf-8", { ignoreBOM: true }).decode(held);
  throw new Error(`the adapter gives back ${typeof held} where text was kept`);
}

function* batches(entries: readonly RecordEntry[]): Generator<readonly RecordEntry[]> {
  let batch: RecordEntry[] = [];
  let length = 0;
  for (const entry of entries) {
    if (batch.length > 0 && (batch.length >= BATCH.entries || length + entry[1].length > BATCH.length)) {
      yield batch;
      batch = [];
      length = 0;
    }
    batch.push(entry);
    length += entry[1].length;
  }
  if (batch.length > 0) yield batch;
}
