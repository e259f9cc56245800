import { compareResourceVersions, type ResourceVersion } from "../model/resource-version.ts";
import type { Clock } from "../ports/clock.ts";
import type { ListWatch, WatchEvent } from "../ports/list-watch.ts";
import { WatchConnection } from "./watch-connection.ts";
import { statusError } from "./watch-inputs.ts";

/** How to ask a second watch. */
export interface SecondWatchOptions {
  readonly clock: Clock;
  /** What the first has told. */
  readonly from: ResourceVersion;
  /** How long it may take. */
  readonly boundMs: number;
  /** Aborts when the first has spoken, or is over. */
  readonly signal: AbortSignal;
}

/** What a second watch said. */
export type SecondWatchResult =
  /** It brought what the first had not; that comes next on it. */
  | { readonly result: "news"; readonly watch: WatchConnection }
  /** It was as silent as the first. */
  | { readonly result: "quiet" }
  /** The first spoke after all. */
  | { readonly result: "spoke" }
  | { readonly result: "failed"; readonly error: unknown };

/** Of two healthy watches one is told a little later than the other. */
const SKEW_MS = 1000;

/** The server ends the second watch itself, which also makes a proxy give out what it holds back; this is for its answer. */
const LATE_MS = 5000;

/**
 * Opens a watch from where another one has got to, and waits for news on it: an event, or a bookmark with a newer
 * version. Closes it unless it brought news.
 */
export async function secondWatch(listWatch: ListWatch, options: SecondWatchOptions): Promise<SecondWatchResult> {
  const { clock, from, boundMs, signal } = options;
  const timeoutSeconds = Math.ceil(boundMs / 1000);
  const watch = new WatchConnection(listWatch, { resourceVersion: from, timeoutSeconds }, clock);
  const over = new AbortController();
  const stop = (): void => watch.close(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  let keep = false;
  let openedAt: number | undefined;
  const silentFor = (): number => (openedAt === undefined ? 0 : clock.monotonic() - openedAt);
  try {
    signal.throwIfAborted();
    await watch.open();
    openedAt = clock.monotonic();
    void clock.sleep(boundMs + LATE_MS, { signal: over.signal }).then(stop, () => {});
    for (;;) {
      const { done, value } = await watch.next();
      if (done === true) break;
      if (!isNews(value, from)) continue;
      await clock.sleep(SKEW_MS, { signal });
      watch.unread(value);
      keep = true;
      return { result: "news", watch };
    }
    // Ended in good order: too early to say anything, or as it was asked to.
    if (silentFor() >= boundMs / 2) return { result: "quiet" };
    return { result: "failed", error: new Error("the second watch ended at once") };
  } catch (error) {
    if (signal.aborted) return { result: "spoke" };
    if (silentFor() >= boundMs + LATE_MS) return { result: "quiet" };
    return { result: "failed", error };
  } finally {
    over.abort();
    signal.removeEventListener("abort", stop);
    if (!keep) watch.close();
  }
}

/** Throws the error that a frame tells. */
function isNews(batch: readonly WatchEvent[], than: ResourceVersion): boolean {
  return batch.some((event) => {
    if (event.type === "ERROR") throw statusError(event.status);
    const version = event.type === "BOOKMARK" ? event.resourceVersion : event.object.resourceVersion;
    return compareResourceVersions(version, than) > 0;
  });
}
