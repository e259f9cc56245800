// A store of your own: views in memory, and every commit appended to a file, so that they survive the process.
// own-store.test.ts beside this holds it against the contract of the port, with the suite of @krm/testkit.
//
//     node --conditions=krm-source examples/own-store.ts state.journal [kubeconfig]
import { type FileHandle, open, readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import {
  decodeObjectRecord,
  encodeObject,
  KrmError,
  MemoryStore,
  Monitor,
  NO_VIEW,
  type ObjectKey,
  type PersistedView,
  PODS,
  type Scope,
  scopeId,
  type Store,
  type StoredObject,
  type ViewCommit,
  type ViewPersistence,
} from "@krm/core";
import { KubernetesSource, loadKubeConfig } from "@krm/kubernetes";

/** One commit, as a line of JSON. Objects are records in base64: their bytes must come back as they were. */
interface Line extends Pick<ViewCommit, "meta" | "ledger"> {
  readonly scope: Scope;
  readonly set: readonly (readonly [key: ObjectKey, record: string])[];
  readonly removed: readonly ObjectKey[];
}

interface Replayed {
  readonly scope: Scope;
  readonly view: Pick<PersistedView, "meta" | "ledger">;
  readonly objects: Map<ObjectKey, StoredObject>;
}

/**
 * Keeps commits in one file, of one process: nothing keeps a second one out. A commit counts when its line has ended and is
 * on the disk; half a line, of a process that died, is written over. The file only grows: a store for use would write it
 * anew now and then.
 */
class Journal implements ViewPersistence {
  readonly #file: FileHandle;
  readonly #path: string;
  /** Those that hold something, by name. */
  readonly #scopes: Map<string, Scope>;
  /** Where the next line begins. */
  #end: number;
  /** One commit at a time: each begins where the one before has ended. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(file: FileHandle, path: string, scopes: Map<string, Scope>, end: number) {
    this.#file = file;
    this.#path = path;
    this.#scopes = scopes;
    this.#end = end;
  }

  static async open(path: string): Promise<Journal> {
    await (await open(path, "a", 0o600)).close();
    const bytes = await readFile(path);
    const end = bytes.lastIndexOf("\n") + 1;
    const scopes = [...replay(bytes.subarray(0, end))].map(([id, { scope }]) => [id, scope] as const);
    return new Journal(await open(path, "r+"), path, new Map(scopes), end);
  }

  async scopes(): Promise<readonly Scope[]> {
    return [...this.#scopes.values()];
  }

  async load(scope: Scope): Promise<PersistedView | undefined> {
    await this.#last;
    const bytes = await readFile(this.#path);
    const found = replay(bytes.subarray(0, this.#end)).get(scopeId(scope));
    return found && { ...found.view, objects: [...found.objects.values()] };
  }

  async commit(scope: Scope, { changes, meta, ledger }: ViewCommit): Promise<void> {
    const last = new Map<ObjectKey, string | undefined>();
    for (const change of changes)
      if (change.type === "set") last.set(change.object.key, encodeObject(change.object).toString("base64"));
      else last.set(change.key, undefined);
    const set = [...last].flatMap(([key, record]) => (record === undefined ? [] : [[key, record] as const]));
    const removed = [...last].flatMap(([key, record]) => (record === undefined ? [key] : []));
    const line: Line = { scope, meta, ledger, set, removed };
    const written = this.#last.then(async () => this.#append(Buffer.from(`${JSON.stringify(line)}\n`)));
    this.#last = written.catch(() => {});
    await written;
    this.#scopes.set(scopeId(scope), scope);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    await this.#file.close();
  }

  async #append(bytes: Buffer): Promise<void> {
    try {
      // What a line that failed left behind must not become the end of this one.
      await this.#file.truncate(this.#end);
      await this.#file.write(bytes, 0, bytes.length, this.#end);
      await this.#file.datasync();
    } catch (cause) {
      throw new KrmError("KRM_STORE_FAILED", "the journal cannot be written", { cause });
    }
    this.#end += bytes.length;
  }
}

/** What lines that have ended come to, by the name of their scope. */
function replay(lines: Buffer): Map<string, Replayed> {
  const views = new Map<string, Replayed>();
  for (const json of lines.toString("utf8").split("\n").slice(0, -1)) {
    const { scope, meta, ledger, set, removed } = JSON.parse(json) as Line;
    const before = views.get(scopeId(scope));
    const objects = before?.objects ?? new Map<ObjectKey, StoredObject>();
    for (const key of removed) objects.delete(key);
    for (const [key, record] of set) objects.set(key, decodeObjectRecord(key, Buffer.from(record, "base64")));
    // JSON has no undefined: what was left out is as it is where there is no view.
    const view = { meta: { ...NO_VIEW, ...meta }, ledger: ledger ?? before?.view.ledger };
    views.set(scopeId(scope), { scope, view, objects });
  }
  return views;
}

/** Opens the store, with what an earlier process left. */
export async function openJournalStore(path: string): Promise<Store> {
  return new MemoryStore({ persistence: await Journal.open(path) });
}

// Only where this file is the program.
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [path = "state.journal", kubeconfig] = process.argv.slice(2);
  await using store = await openJournalStore(path);
  const { meta, objects } = await store.scope({ resource: PODS }).read();
  console.log(`${objects.length} pods at version ${meta.version ?? "none"}, from the run before`);
  await using source = new KubernetesSource({
    kubeConfig: loadKubeConfig(kubeconfig === undefined ? {} : { file: kubeconfig }),
  });
  await using monitor = new Monitor({ source, store, resources: [PODS] }).start();
  await monitor.ready();
  console.log(`${(await store.scope({ resource: PODS }).read()).objects.length} pods now`);
}
