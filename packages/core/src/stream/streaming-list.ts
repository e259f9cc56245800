import type { ObjectKey } from "../model/object-key.ts";
import type { ResourceVersion } from "../model/resource-version.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Revision } from "../model/stored-object.ts";
import type { ListProgress } from "../monitor/role-status.ts";
import type { Clock } from "../ports/clock.ts";
import type { ListWatch, WatchEvent } from "../ports/list-watch.ts";
import { InitialSet } from "./initial-set.ts";
import { asOf } from "../wire/told-contact.ts";
import { afterRefusal, NoMarkerError } from "./streaming-refusal.ts";
import { WatchConnection } from "./watch-connection.ts";
import { statusError } from "./watch-inputs.ts";

/** How to read a streaming list. */
export interface StreamingListOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly timeoutSeconds: number;
  /** The oldest state that will do: a list must not travel back in time (trap 5). */
  readonly notOlderThan: ResourceVersion | undefined;
  readonly known: ((key: ObjectKey) => Revision | undefined) | undefined;
  /** Called after each batch. */
  readonly onProgress: (progress: ListProgress) => void;
}

/** A list, and the watch that it was the beginning of: what comes next on it comes after the list. */
export interface StreamingList {
  readonly snapshot: Snapshot;
  readonly watch: WatchConnection;
}

/** A server that sends no further object for this long, and no marker, is not making a list. */
export const NO_MARKER_MS = 30_000;

/**
 * Lists everything by the first events of a watch (KEP-3157), up to the bookmark that ends them. What cannot be had this
 * way, but perhaps by a LIST, rejects with a `StreamingRefusal`; the watch is closed then.
 */
export async function takeStreamingList(listWatch: ListWatch, options: StreamingListOptions): Promise<StreamingList> {
  const { clock, signal, timeoutSeconds, notOlderThan } = options;
  const takenAt = clock.now();
  const request = { resourceVersion: notOlderThan, timeoutSeconds, initialEvents: true };
  const watch = new WatchConnection(listWatch, request, clock);
  const stop = (): void => watch.close(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  let accepted = false;
  try {
    signal.throwIfAborted();
    await watch.open(NO_MARKER_MS);
    accepted = true;
    return { snapshot: await readToMarker(watch, takenAt, options), watch };
  } catch (error) {
    watch.close();
    signal.throwIfAborted();
    throw afterRefusal(error, accepted);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function readToMarker(
  watch: WatchConnection,
  takenAt: number,
  { clock, known, onProgress }: StreamingListOptions,
): Promise<Snapshot> {
  const set = new InitialSet(known);
  const done = new AbortController();
  let newsAt = clock.monotonic();
  const guard = async (): Promise<void> => {
    for (let left = NO_MARKER_MS; left > 0; left = newsAt + NO_MARKER_MS - clock.monotonic())
      await clock.sleep(Math.ceil(left), { signal: done.signal });
    watch.close(new NoMarkerError(`no end of the initial events, and no further object, for ${NO_MARKER_MS / 1000} s`));
  };
  const guarded = guard().catch(() => {});
  try {
    for (;;) {
      const { done: ended, value } = await watch.next();
      if (ended === true) throw new NoMarkerError("the watch ended before the end of the initial events");
      const batch = value;
      const marker = takeBatch(set, batch);
      if (marker.news) newsAt = clock.monotonic();
      onProgress({ pages: 1, objects: set.entries.size, bytes: set.bytes, expected: undefined });
      if (marker.at === undefined) continue;
      if (marker.rest < batch.length) watch.unread(batch.slice(marker.rest));
      return { resourceVersion: marker.at, takenAt: asOf(takenAt, marker.heardAt), entries: set.entries };
    }
  } finally {
    done.abort();
    await guarded;
  }
}

interface TakenBatch {
  /** The version of the marker, where it has come. */
  readonly at: ResourceVersion | undefined;
  /** Where what comes after the marker begins. */
  readonly rest: number;
  readonly news: boolean;
  /** As in `ListPage`; of the marker. */
  readonly heardAt?: number | undefined;
}

function takeBatch(set: InitialSet, batch: readonly WatchEvent[]): TakenBatch {
  let news = false;
  for (const [index, event] of batch.entries()) {
    if (event.type === "ERROR") throw statusError(event.status);
    if (event.type !== "BOOKMARK") {
      if (set.take(event.type, event.object)) news = true;
      continue;
    }
    // A server that knows the request sends none before the one that ends the initial events (trap 3).
    if (!event.initialEventsEnd) throw new NoMarkerError("a bookmark came that does not end the initial events");
    return { at: event.resourceVersion, rest: index + 1, news, heardAt: event.heardAt };
  }
  return { at: undefined, rest: batch.length, news };
}
