import { type Clock, type Scope, type ScopeStatus, scopeStatus, type StalenessBounds, type Store } from "@krm/core";
import { type DelaysStatus, formatFreshness, type Freshness, parseDuration } from "@krm/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { sendJson } from "../answer/send.ts";
import { delaysBody } from "../body/delays-body.ts";
import { statusBody } from "../body/status-body.ts";
import { invalidParameter } from "../request/invalid-parameter.ts";
import { readQuery } from "../request/query-string.ts";
import type { Catalog } from "../view/catalog.ts";
import { freshnessOf } from "../view/trust.ts";
import type { DelaySource } from "./delay-source.ts";

/** What the state of the scopes is read from. */
export interface StatusContext {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly staleness: StalenessBounds;
}

const PARAMETERS = ["delays"];

/** As far as a {@link DelaySource} reaches back. Milliseconds. */
const LONGEST_DELAYS = 3_600_000;

/** Answers `/status`. `delays` undefined: nobody measures them. */
export async function answerStatus(
  context: StatusContext & { readonly delays: DelaySource | undefined },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const withinMs = delaysWithin(readQuery(request.raw.url ?? "", PARAMETERS).get("delays"));
  const statuses = await scopeStatuses(context);
  const now = context.clock.now();
  reply.headers(formatFreshness(freshnessOfAll(statuses, now)));
  const { delays } = context;
  const ofScope = (scope: Scope): DelaysStatus | undefined =>
    delays === undefined || withinMs === undefined ? undefined : delaysBody(delays, scope, withinMs);
  return sendJson(reply, statusBody(statuses, now, ofScope));
}

/** @throws StatusError 400 */
function delaysWithin(text: string | null): number | undefined {
  if (text === null) return undefined;
  let within: number;
  try {
    within = parseDuration(text);
  } catch (error) {
    throw invalidParameter("delays", `query parameter "delays": ${(error as Error).message}`);
  }
  if (within > LONGEST_DELAYS)
    throw invalidParameter("delays", 'query parameter "delays": an hour of them is kept, ask for 1h at most');
  return within;
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
