import type { Clock, StalenessBounds, Store } from "@krm/core";
import { asksForLastContact, formatFreshness } from "@krm/protocol";
import type { FastifyRequest } from "fastify";
import { untilClosed } from "../answer/connection.ts";
import type { Access, Recheck } from "../auth/access.ts";
import type { KubernetesWatchHandler } from "../kubernetes/watch-handler.ts";
import type { WatchPlaces } from "../limits/watch-places.ts";
import { scopesFor } from "../view/catalog.ts";
import { statusOf } from "../view/demand.ts";
import { freshnessOf, requireView } from "../view/trust.ts";
import { beginStream } from "./response-sink.ts";
import type { WatchHub } from "./watch-hub.ts";
import type { WatchSink } from "./watch-sink.ts";

/** What watches are answered with. */
export interface WatchHandlerContext {
  readonly hub: WatchHub;
  /** The hub's own. */
  readonly store: Store;
  readonly clock: Clock;
  readonly staleness: StalenessBounds;
  /** Who may watch, asked again while they do. */
  readonly access: Pick<Access, "isGuarded" | "recheck" | "user">;
  readonly places: Pick<WatchPlaces, "take">;
  /** Hears of every stream that begins. */
  readonly began?: (request: FastifyRequest) => void;
}

/** How often it is asked whether who watches still may. Milliseconds. */
const RECHECK_EVERY_MS = 10_000;

/**
 * Serves watches of the Kubernetes API from a hub. The headers tell how far the view could be trusted as the watch began.
 * One whose reader may not watch any more is told so (ERROR 401 or 403) and ended. Where that cannot be found out it is
 * ended in good order: the next request is told why.
 */
export function watchHandler({ hub, access, began, places, ...at }: WatchHandlerContext): KubernetesWatchHandler {
  return async ({ watched, namespace, options, fields, view, request, reply }) => {
    const scopes = scopesFor(watched, namespace);
    const parts = await statusOf(at.store, scopes, at);
    reply.headers(formatFreshness(freshnessOf(parts, at.clock.now())));
    requireView(parts);
    if (request.method === "HEAD") return reply.type("application/json").send();
    const giveBack = places.take(access.user(request));
    const closed = untilClosed(reply.raw);
    let hasBegun = false;
    const over = new AbortController();
    const refused = new AbortController();
    // Until the stream begins, which has an eye on its client itself.
    const left = (): void => refused.abort(request.signal.reason);
    if (request.signal.aborted) left();
    else request.signal.addEventListener("abort", left, { once: true });
    if (access.isGuarded) void keepAsking(access.recheck(request), at.clock, over.signal, refused);
    try {
      const begin = (): WatchSink => {
        request.signal.removeEventListener("abort", left);
        hasBegun = true;
        const sink = beginStream(reply);
        began?.(request);
        return sink;
      };
      const tellsContact = asksForLastContact(request.headers);
      await hub.open({ scopes, namespace, options, fields, view, tellsContact }, begin, refused.signal);
    } finally {
      request.signal.removeEventListener("abort", left);
      over.abort();
      // A watch that has ended while its reader takes nothing holds on to what waits.
      if (hasBegun) void closed.then(giveBack);
      else giveBack();
    }
    return reply;
  };
}

/** Aborts `refused` as soon as the answer is no, or is none. Ends with the signal. */
async function keepAsking(
  recheck: Recheck,
  clock: Clock,
  signal: AbortSignal,
  refused: AbortController,
): Promise<void> {
  try {
    for (;;) {
      await clock.sleep(RECHECK_EVERY_MS, { signal });
      await recheck({ signal });
    }
  } catch (error) {
    if (!signal.aborted) refused.abort(error);
  }
}
