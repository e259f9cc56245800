import { StatusError } from "@krm/apimachinery";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isResourceVersion, resourceName } from "@krm/core";
import { formatFreshness, hasCause, HEADERS } from "@krm/protocol";
import { sendList } from "../answer/send-list.ts";
import { listEtag, matchesEtag } from "../body/etag.ts";
import { listBytes } from "../body/list-bytes.ts";
import { type ListRequest, readListRequest } from "../request/list-request.ts";
import type { FieldCache } from "../selection/field-cache.ts";
import { takePage } from "../selection/page.ts";
import { compile } from "../selection/selection.ts";
import { type Catalog, scopesFor, type Watched } from "../view/catalog.ts";
import { statusOf } from "../view/demand.ts";
import { findView, type ListView, type ListViewContext, shelfName } from "../view/list-view.ts";
import { fingerprint, writePageToken } from "../view/page-token.ts";
import { freshnessOf, requireView } from "../view/trust.ts";
import { judgeParts, viewIdentity } from "../view/view.ts";

/** What lists are made from. */
export interface ListContext extends Omit<ListViewContext, "signal"> {
  readonly catalog: Catalog;
  readonly fields: FieldCache;
}

/** Answers a flat list: `GET /pods?namespace=team-a`. An error, too, tells how far the view can be trusted. */
export async function answerList(
  context: ListContext,
  name: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const watched = await context.catalog.find(name);
  let asked: ListRequest | undefined;
  try {
    asked = readListRequest(request.raw.url ?? "", watched.resource);
    return await answer(context, watched, asked, request, reply);
  } catch (error) {
    if (error instanceof StatusError && !reply.hasHeader(HEADERS.state))
      reply.headers(await trustAmid(error, context, watched, asked?.namespace));
    throw error;
  }
}

/** The trust headers of an error about a list. None where there is no view, or where it cannot be looked at either. */
async function trustAmid(
  { status }: StatusError,
  context: ListContext,
  watched: Watched,
  namespace: string | undefined,
): Promise<ReturnType<typeof formatFreshness>> {
  if (hasCause(status, "NamespaceNotWatched")) return {};
  try {
    const parts = await statusOf(context.store, scopesFor(watched, namespace), context);
    return formatFreshness(freshnessOf(parts, context.clock.now()));
  } catch {
    return {};
  }
}

async function answer(
  context: ListContext,
  watched: Watched,
  asked: ListRequest,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const target = request.raw.url ?? "";
  const found = await findView(watched, asked, { ...context, signal: request.signal });
  const { view } = found;
  const now = context.clock.now();
  const parts = judgeParts(view.parts, now, context.staleness);
  reply.headers(formatFreshness(freshnessOf(parts, now)));
  requireView(parts);
  const etag = listEtag(`${resourceName(watched.resource)} ${target}`, parts);
  reply.header("etag", etag);
  if (matchesEtag(request.headers["if-none-match"], etag)) return reply.code(304).send();

  const version = found.version ?? "";
  const wanted = compile(asked, watched.resource, context.fields);
  // A version that no token can carry leaves no way to ask for more: then everything comes at once.
  const limit = isResourceVersion(version) ? asked.limit : 0;
  const page = await takePage(view.objects, { after: found.after, limit, wanted, cache: context.fields });
  const more = page.last === undefined ? undefined : keepForMore(context, watched, asked, found, page.last);
  const metadata = {
    resourceVersion: version,
    ...(more === undefined ? {} : { continue: more }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  };
  return sendList(request, reply, listBytes(watched.resource, metadata, page.items));
}

/** Keeps a view for the pages after `last`, and gives the token that asks for them. */
function keepForMore(
  context: ListContext,
  watched: Watched,
  asked: ListRequest,
  found: ListView,
  last: string,
): string {
  const name = found.fingerprint ?? fingerprint(viewIdentity(found.view.parts));
  context.shelf.keep(shelfName(watched, asked, name), found.view);
  return writePageToken(found.version ?? "", { view: name, after: last });
}
