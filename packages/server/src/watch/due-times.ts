import type { Clock } from "@krm/core";

/** Upstream `defaultBookmarkFrequency`. As often it is looked at whether a reader takes anything. */
const EVERY_MS = 60_000;
/** A watch that will time out gets a last bookmark this long before. */
const BEFORE_END_MS = 2000;

/** When something is to be done about a watch that begins now, on the monotonic clock; the last of it is its end. */
export function* dueTimes(
  clock: Clock,
  timeoutMs: number,
  bookmarks: boolean,
): Generator<{ readonly at: number; readonly isEnd: boolean }> {
  const end = clock.monotonic() + timeoutMs;
  const last = bookmarks ? end - BEFORE_END_MS : -Infinity;
  for (;;) {
    const now = clock.monotonic();
    const next = now < last ? Math.min(now + EVERY_MS, last) : bookmarks ? end : now + EVERY_MS;
    const isEnd = next >= end;
    yield { at: isEnd ? end : next, isEnd };
  }
}
