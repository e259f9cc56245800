import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "@krm/core";
import type { ReaderBounds } from "./reader-bounds.ts";
import type { WatchSink } from "./watch-sink.ts";

/**
 * Resolves when no more waits at a connection than may; `stalled`: it has taken nothing at all for too long; `over`: the
 * signal was aborted. Never rejects.
 */
export async function untilRoom(
  sink: WatchSink,
  { windowBytes, stallMs }: ReaderBounds,
  clock: Clock,
  signal: AbortSignal,
): Promise<"room" | "stalled" | "over"> {
  for (;;) {
    const before = sink.waiting;
    const turn = new AbortController();
    let isLong = false;
    const stall = clock.sleep(stallMs, { signal: AbortSignal.any([turn.signal, signal]) }).then(
      () => (isLong = true),
      () => {},
    );
    await Promise.race([sink.drained(), stall]);
    turn.abort();
    await stall;
    if (signal.aborted) return "over";
    if (sink.waiting <= windowBytes) return "room";
    if (isLong && sink.waiting >= before) return "stalled";
    await nextTurn();
  }
}
