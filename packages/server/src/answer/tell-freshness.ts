import type { Clock, StalenessBounds } from "@krm/core";
import { formatFreshness } from "@krm/protocol";
import type { FastifyReply } from "fastify";
import { freshnessOf, requireView } from "../view/trust.ts";
import { judgeParts, type View } from "../view/view.ts";

/**
 * Puts on an answer how far the view that it is made of can be trusted.
 *
 * @throws StatusError 503 where there is no view; the headers are set by then.
 */
export function tellFreshness(
  { parts, within }: View,
  reply: FastifyReply,
  at: { readonly clock: Clock; readonly staleness: StalenessBounds },
): void {
  const now = at.clock.now();
  const judged = judgeParts(parts, now, at.staleness);
  reply.headers(formatFreshness(freshnessOf(judged, now)));
  requireView(judged, within);
}
