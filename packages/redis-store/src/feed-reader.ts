import { type Clock, decodeChange, type FeedBatch, type FeedEntry, KrmError, type ViewMeta } from "@krm/core";
import { guarded, type RedisLink } from "./redis-link.ts";
import type { ScopeKeys } from "./scope-keys.ts";
import { listOf, readMeta, type Reply, textOf } from "./stored-state.ts";
import { type FeedPlace, NO_ID, readCursor, writeCursor } from "./stream-id.ts";
import { WakeUp } from "./wake-up.ts";

/** What one step of following takes at most: Redis does nothing else meanwhile. */
const STEP_ENTRIES = 64;
const STEP_BYTES = 256 * 1024;

/** No commit has this id: what is behind it is gone. */
const NOWHERE: FeedPlace = { id: "0-1", skip: 0 };

/** What readers of a feed work with. */
export interface FeedReaderOptions {
  readonly keys: ScopeKeys;
  readonly link: RedisLink;
  readonly clock: Clock;
  readonly closed: AbortSignal;
}

/** What is behind a place in the feed. */
export interface FeedStep {
  /** Undefined: the place is gone, or what comes next cannot be told. */
  readonly entries: readonly FeedEntry[] | undefined;
  /** The place is there, and what comes next cannot be told: nothing in between was missed. */
  readonly complete: boolean;
  /** Behind these entries; where the place is gone, the end of the feed. */
  readonly place: FeedPlace;
  /** Of the view right behind these entries; undefined: more follow. */
  readonly meta: ViewMeta | undefined;
  /** The newest commit, also one that changed the meta alone. */
  readonly commit: string | undefined;
}

/** Reads what is behind a place, as far as one step goes. */
export async function stepFeed(
  { keys, link }: Pick<FeedReaderOptions, "keys" | "link">,
  from: FeedPlace,
): Promise<FeedStep> {
  const [feed, found, meta, objects, bytes, newest] = listOf(
    await link.script("follow", keys.all, [from.id, STEP_ENTRIES, STEP_BYTES]),
  );
  const last = textOf(feed) ?? NO_ID;
  const commit = textOf(newest);
  const gone: FeedStep = { entries: undefined, complete: false, place: { id: last, skip: 0 }, meta: undefined, commit };
  if (found === null || found === undefined) return gone;
  const entries: FeedEntry[] = [];
  let { id } = from;
  for (const [entryId, fields] of listOf(found).map(listOf)) {
    const changes = readEntry(id, textOf(entryId) ?? "", listOf(fields));
    if (changes === undefined) {
      if (id !== from.id) break;
      return { ...gone, complete: from.skip === 0, place: { id: textOf(entryId) ?? "", skip: 0 } };
    }
    for (const change of changes) entries.push(change);
    id = textOf(entryId) ?? "";
  }
  // What stands behind a place in the middle of a commit.
  const rest = from.skip === 0 ? entries : entries.slice(from.skip);
  if (from.skip > entries.length) return gone;
  return {
    entries: rest,
    complete: false,
    place: { id, skip: 0 },
    meta: id === last ? readMeta(feed, meta, objects, bytes) : undefined,
    commit,
  };
}

/** The changes of one entry of the stream; undefined: the feed cannot be followed past it. */
function readEntry(before: string, id: string, fields: readonly Reply[]): readonly FeedEntry[] | undefined {
  const [, , kind, count] = fields;
  if (textOf(kind) !== "n") return undefined;
  const changes = Number(textOf(count));
  return Array.from({ length: changes }, (_, i): FeedEntry => {
    const header = textOf(fields[4 + 2 * i]) ?? "";
    const record = fields[5 + 2 * i] as Buffer;
    const cursor = i === changes - 1 ? writeCursor({ id, skip: 0 }) : writeCursor({ id: before, skip: i + 1 });
    return { cursor, change: decodeChange({ header, record }) };
  });
}

/** Where following begins. */
export interface FeedStart {
  readonly cursor: string;
  /** The newest commit that the reader knows of; undefined: it does not know, and is told the meta at once. */
  readonly commit: string | undefined;
}

/**
 * The changes behind a cursor, for ever. Woken by what is published, and by a clock where that was lost.
 */
export async function* followFeed(
  options: FeedReaderOptions,
  start: Promise<FeedStart>,
  signal: AbortSignal | undefined,
): AsyncGenerator<FeedBatch> {
  const { keys, link, clock, closed } = options;
  using wakeUp = new WakeUp((listener) => link.listen(keys.viewChannel, listener), clock);
  const { cursor, commit: known } = await start;
  let seen = known;
  let place = readCursor(cursor) ?? NOWHERE;
  const stopped = (): boolean => signal?.aborted === true;
  while (!stopped()) {
    const from = place;
    let step: FeedStep;
    try {
      step = await guarded(closed, { signal }, async () => stepFeed(options, from));
    } catch (error) {
      if (stopped()) return;
      throw error;
    }
    const { entries, complete, meta, commit } = step;
    ({ place } = step);
    if (entries === undefined) {
      seen = commit;
      const cursor = writeCursor(place);
      yield complete ? { type: "reset", cursor, complete } : { type: "reset", cursor };
      continue;
    }
    const moved = meta !== undefined && commit !== seen;
    if (moved) seen = commit;
    if (entries.length > 0 || moved) yield { type: "changes", entries, meta };
    // What came since this was read has been told.
    if (meta !== undefined) await wakeUp.wait([signal, closed]);
  }
}

/** What a reader is told when the feed moves faster than it can be read. */
export function tooFast(): KrmError {
  return new KrmError("KRM_STORE_FAILED", "the view changes faster than it can be read", {
    hint: "Read it through a server, which keeps a copy in memory, or let the feed keep more.",
  });
}
