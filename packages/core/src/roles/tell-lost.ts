import type { Merger } from "../merge/merger.ts";
import type { HeardRequest } from "../store/lost-event.ts";

/** Gives the merger what it is asked to write down, as soon as it has room. Not when `signal` aborts before. */
export async function tellLost(
  merger: Pick<Merger, "epoch" | "offer" | "caughtUp">,
  request: HeardRequest,
  signal: AbortSignal,
): Promise<void> {
  if (typeof request === "string") return;
  try {
    while (!merger.offer([{ type: "lost", epoch: merger.epoch, drift: request.drift }])) await merger.caughtUp(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
