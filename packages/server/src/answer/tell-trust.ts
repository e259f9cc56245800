import { StatusError } from "@krm/apimachinery";
import type { Clock, StalenessBounds, Store } from "@krm/core";
import { formatFreshness, hasCause, HEADERS } from "@krm/protocol";
import type { FastifyReply } from "fastify";
import { scopesFor, type Watched } from "../view/catalog.ts";
import { statusOf } from "../view/demand.ts";
import { freshnessOf } from "../view/trust.ts";

/**
 * Adds to the answer that an error about a resource becomes how far its view can be trusted. Nothing where that is told
 * already, where there is no view, or where it cannot be looked at either.
 */
export async function tellTrust(
  error: unknown,
  reply: FastifyReply,
  at: { readonly store: Store; readonly clock: Clock; readonly staleness: StalenessBounds },
  watched: Watched,
  namespace: string | undefined,
): Promise<void> {
  if (!(error instanceof StatusError) || reply.hasHeader(HEADERS.state)) return;
  if (hasCause(error.status, "NamespaceNotWatched")) return;
  try {
    const parts = await statusOf(at.store, scopesFor(watched, namespace), at);
    reply.headers(formatFreshness(freshnessOf(parts, at.clock.now())));
  } catch {
    // The error itself has to do.
  }
}
