import {
  decodeObjectRecord,
  type ObjectKey,
  type ResourceVersion,
  type StoredObject,
  type Uid,
  type ViewIndex,
  type ViewMeta,
  type ViewRead,
} from "@krm/core";
import { type FeedReaderOptions, stepFeed, tooFast } from "./feed-reader.ts";
import { type IndexEntry, listOf, readIndexEntry, type Reply, textOf } from "./stored-state.ts";
import { NO_ID } from "./stream-id.ts";

/*
 * Reading a whole view without holding up Redis: page by page, while commits go on, and then the feed from where it was
 * at the start. Every page shows each key as it was at some moment since then, and the feed tells the rest, so that the
 * outcome is the view at one moment: the feed's end.
 *
 * A large commit is staged, made visible by one script, and then moved key by key. What is staged is read first: what is
 * moved away in the meantime is found in its new place.
 */

/** Fields that one page of a scan looks at, about. */
const PAGE = 100;
const INDEX_PAGE = 1000;

/** A read that the feed outran is begun anew so often. */
const ATTEMPTS = 5;

/** What a read collects of each key. */
interface Shape<T> {
  /** The hash that holds it, and how many fields a page of it takes. */
  readonly hash: string;
  readonly page: number;
  readonly ofField: (key: ObjectKey, value: Buffer) => T;
  /** Out of the staging area; undefined: the key is taken away. */
  readonly ofStaged: (key: ObjectKey, value: StagedValue) => T;
  readonly ofChange: (object: StoredObject) => T;
}

interface StagedValue {
  readonly entry: string;
  readonly record: Buffer;
}

/** All objects, or those of one namespace, in order, and the meta of that moment. */
export async function readObjects(options: FeedReaderOptions, namespace: string | undefined): Promise<ViewRead> {
  const { meta, entries } = await readAll<StoredObject | undefined>(options, {
    hash: options.keys.objects,
    page: PAGE,
    ofField: (key, value) => (isWanted(key, namespace) ? decodeObjectRecord(key, value) : undefined),
    ofStaged: (key, { record }) => (isWanted(key, namespace) ? decodeObjectRecord(key, record) : undefined),
    ofChange: (object) => (isWanted(object.key, namespace) ? object : undefined),
  });
  const objects = [...entries.values()].filter((object) => object !== undefined);
  return { meta, objects: objects.toSorted((a, b) => (a.key < b.key ? -1 : 1)) };
}

function isWanted(key: ObjectKey, namespace: string | undefined): boolean {
  return namespace === undefined || key.startsWith(`${namespace}/`);
}

/** Which life and version each key has, and the meta of that moment. No body leaves Redis. */
export async function readIndex(options: FeedReaderOptions): Promise<ViewIndex> {
  return readAll(options, {
    hash: options.keys.index,
    page: INDEX_PAGE,
    ofField: (_, value) => revision(readIndexEntry(value.toString("utf8"))),
    ofStaged: (_, { entry }) => revision(readIndexEntry(entry)),
    ofChange: ({ uid, resourceVersion }) => ({ uid, resourceVersion }),
  });
}

function revision({ uid, resourceVersion }: IndexEntry): { uid: Uid; resourceVersion: ResourceVersion } {
  return { uid: uid as Uid, resourceVersion: resourceVersion as ResourceVersion };
}

async function readAll<T>(
  options: FeedReaderOptions,
  shape: Shape<T>,
): Promise<{ readonly meta: ViewMeta; readonly entries: Map<ObjectKey, T> }> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const read = await tryReadAll(options, shape);
    if (read !== undefined) return read;
  }
  throw tooFast();
}

async function tryReadAll<T>(
  options: FeedReaderOptions,
  shape: Shape<T>,
): Promise<{ readonly meta: ViewMeta; readonly entries: Map<ObjectKey, T> } | undefined> {
  const { keys, link } = options;
  const [feed, staged] = listOf(await link.command("HMGET", keys.state, "feed", "staged"));
  const entries = new Map<ObjectKey, T>();
  const stagedKeys = new Set<ObjectKey>();
  const before = textOf(staged);
  if (before !== undefined) {
    await scan(options, keys.staging, PAGE, (key, value) => {
      const one = readStaged(value);
      stagedKeys.add(key);
      if (one !== undefined) entries.set(key, shape.ofStaged(key, one));
    });
    // Once it is moved, another commit may be staged in its place, which nobody can see yet.
    if (textOf(await link.command("HGET", keys.state, "staged")) !== before) return undefined;
  }
  await scan(options, shape.hash, shape.page, (key, value) => {
    if (!stagedKeys.has(key)) entries.set(key, shape.ofField(key, value));
  });
  for (let place = { id: textOf(feed) ?? NO_ID, skip: 0 }; ;) {
    const step = await stepFeed(options, place);
    if (step.entries === undefined) return undefined;
    for (const { change } of step.entries) {
      if (change.type === "set") entries.set(change.object.key, shape.ofChange(change.object));
      else entries.delete(change.key);
    }
    ({ place } = step);
    if (step.meta !== undefined) return { meta: step.meta, entries };
  }
}

/** Undefined: the key is taken away. */
function readStaged(value: Buffer): StagedValue | undefined {
  if (value[0] !== "s".charCodeAt(0)) return undefined;
  const colon = value.indexOf(":");
  const length = Number(value.toString("latin1", 1, colon));
  const end = colon + 1 + length;
  return { entry: value.toString("utf8", colon + 1, end), record: value.subarray(end) };
}

/** Every field of a hash, some of them twice, page by page. */
async function scan(
  { link }: FeedReaderOptions,
  hash: string,
  page: number,
  take: (key: ObjectKey, value: Buffer) => void,
): Promise<void> {
  let cursor = "0";
  do {
    const [next, fields] = listOf(await link.command("HSCAN", hash, cursor, "COUNT", page));
    const list: readonly Reply[] = listOf(fields);
    for (let i = 0; i < list.length; i += 2) take(textOf(list[i]) as ObjectKey, list[i + 1] as Buffer);
    cursor = textOf(next) ?? "0";
  } while (cursor !== "0");
}
