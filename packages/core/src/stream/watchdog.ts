import { KrmError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { ListWatch, WatchEvent, WatchRequest } from "../ports/list-watch.ts";

/** On top of the time after which the server ends the watch by itself. kube-rs allows as much. */
const GRACE_MS = 5000;

/** A server that sends bookmarks sends one a minute; two and a half without a byte mean that nobody is there. */
const BOOKMARKED_SILENCE_MS = 150_000;

/**
 * A watch that cannot go dead unnoticed. Half-open connections bring neither bytes nor an end (trap 25): when nothing
 * has come for longer than the server could have stayed silent, the watch is closed and `KRM_WATCH_SILENT` thrown.
 * The bound is the watch's own timeout and 5 s, or 150 s once a bookmark has shown that this server sends them.
 *
 * The first batch comes as soon as the server accepted the watch, and may be empty.
 */
export async function* watchWithWatchdog(
  listWatch: ListWatch,
  request: WatchRequest,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<readonly WatchEvent[]> {
  const silence = new AbortController();
  const done = new AbortController();
  const both = AbortSignal.any([signal, silence.signal]);
  let heardAt = clock.monotonic();
  let boundMs = request.timeoutSeconds * 1000 + GRACE_MS;

  const guard = async (): Promise<void> => {
    for (;;) {
      const left = heardAt + boundMs - clock.monotonic();
      if (left <= 0) break;
      // The bound can shrink while this sleeps, so it looks again at least that often.
      await clock.sleep(Math.min(left, BOOKMARKED_SILENCE_MS), { signal: AbortSignal.any([signal, done.signal]) });
    }
    silence.abort(
      new KrmError(
        "KRM_WATCH_SILENT",
        `the watch brought nothing for ${Math.round(boundMs / 1000)} s; connecting anew`,
      ),
    );
  };
  const guarded = guard().catch(() => {});

  try {
    const batches = await listWatch.watch(request, { signal: both });
    heardAt = clock.monotonic();
    yield [];
    for await (const batch of batches) {
      heardAt = clock.monotonic();
      if (boundMs > BOOKMARKED_SILENCE_MS && batch.some((event) => event.type === "BOOKMARK"))
        boundMs = BOOKMARKED_SILENCE_MS;
      yield batch;
    }
    // An abort may end the iteration in good order.
    both.throwIfAborted();
  } finally {
    done.abort();
    // Who leaves at the first batch has not begun to read the watch, and nobody else would close it.
    silence.abort();
    await guarded;
  }
}
