import { type Clock, type ScopeStatus, scopeStatus, type StalenessBounds, type Store } from "@krm/core";
import { formatFreshness, type Freshness } from "@krm/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { sendJson } from "../answer/send.ts";
import { statusBody } from "../body/status-body.ts";
import { readQuery } from "../request/query-string.ts";
import type { Catalog } from "../view/catalog.ts";
import { freshnessOf } from "../view/trust.ts";

/** What the state of the scopes is read from. */
export interface StatusContext {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly staleness: StalenessBounds;
}

/** Answers `/status`. */
export async function answerStatus(
  context: StatusContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  readQuery(request.raw.url ?? "", []);
  const statuses = await scopeStatuses(context);
  const now = context.clock.now();
  reply.headers(formatFreshness(freshnessOfAll(statuses, now)));
  return sendJson(reply, statusBody(statuses, now));
}

/** The worst and the oldest of all scopes. Without versions: those of different resources need not be of one history. */
function freshnessOfAll(statuses: readonly ScopeStatus[], now: number): Freshness {
  const parts = statuses.map(({ view, ...status }) => ({ ...status, meta: view, objects: [] }));
  const { state, verifiedAt, lastContact } = freshnessOf(parts, now);
  return {
    state: statuses.length === 0 ? "syncing" : state,
    verifiedAt,
    lastContact,
    verifiedResourceVersion: undefined,
    streamedThrough: undefined,
    // The body says why.
    warnings: [],
  };
}

/** The status of every scope, in the catalog's order. */
export async function scopeStatuses(context: StatusContext): Promise<readonly ScopeStatus[]> {
  const scopes = await context.catalog.scopes();
  const now = context.clock.now();
  return Promise.all(scopes.map(async (scope) => scopeStatus(context.store.scope(scope), now, context.staleness)));
}
