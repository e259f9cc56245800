import type { Merger } from "../merge/merger.ts";
import type { HeardRequest } from "../store/lost-event.ts";

/** Gives the merger what it is asked to write down. It takes that whatever waits: a lost event has no bytes to wait for. */
export function tellLost(merger: Pick<Merger, "epoch" | "offer">, request: HeardRequest): void {
  if (typeof request !== "string") merger.offer([{ type: "lost", epoch: merger.epoch, drift: request.drift }]);
}
