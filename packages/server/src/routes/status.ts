import { type Clock, type ScopeStatus, scopeStatus, type StalenessBounds, type Store } from "@krm/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { sendJson } from "../answer/send.ts";
import { statusBody } from "../body/status-body.ts";
import { readQuery } from "../request/query-string.ts";
import type { Catalog } from "../view/catalog.ts";

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
  return sendJson(reply, statusBody(statuses, context.clock.now()));
}

/** The status of every scope, in the catalog's order. */
export async function scopeStatuses(context: StatusContext): Promise<readonly ScopeStatus[]> {
  const scopes = await context.catalog.scopes();
  const now = context.clock.now();
  return Promise.all(scopes.map(async (scope) => scopeStatus(context.store.scope(scope), now, context.staleness)));
}
