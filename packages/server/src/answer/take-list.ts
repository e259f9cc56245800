import type { ListMeta } from "@krm/apimachinery";
import { isResourceVersion, type StoredObject } from "@krm/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { listEtag, matchesEtag } from "../body/etag.ts";
import type { Limits } from "../limits/limit-options.ts";
import { refuseLarge } from "../limits/list-size.ts";
import type { ListGrant } from "../scope/list-grant.ts";
import { tellPart, tellScope } from "../scope/tell-scope.ts";
import type { FieldCache } from "../selection/field-cache.ts";
import { takePage } from "../selection/page.ts";
import { compile, type Selection } from "../selection/selection.ts";
import { findView, keepForMore, type ListViewContext, type ViewRequest } from "../view/list-view.ts";
import { writePageToken } from "../view/page-token.ts";
import { tellFreshness } from "./tell-freshness.ts";

/** What lists are taken from. */
export interface TakeListContext extends Omit<ListViewContext, "signal"> {
  readonly fields: FieldCache;
  readonly limits: Pick<Limits, "maxListSize">;
}

/** A list that its reader may have. */
export interface GrantedList {
  readonly grant: ListGrant;
  readonly wants: ViewRequest;
  readonly selection: Selection;
  /** 0: no limit. */
  readonly limit: number;
  /** What the answer depends on besides the view and who may have it. Undefined: on the time too, so that it has no tag. */
  readonly tag: readonly string[] | undefined;
  /** A key as this list's continue tokens hold it. */
  readonly keyInToken: (key: string) => string;
}

/** What of a list is to be sent. */
export interface TakenList {
  readonly metadata: ListMeta;
  readonly items: readonly StoredObject[];
  /** It begins with the first object of a namespace, or of all, and leaves none out. */
  readonly isFromStart: boolean;
}

/**
 * Finds the view that answers a list and takes the page that is asked for, whatever form it is sent in; puts on the answer
 * how far it can be trusted, what it is a part of, and its tag. Undefined: the reader has it already, so that the answer is a
 * 304.
 *
 * @throws StatusError
 */
export async function takeList(
  context: TakeListContext,
  { grant, keyInToken, limit, selection, tag, wants }: GrantedList,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<TakenList | undefined> {
  const { watched, within } = grant;
  const found = await findView(watched, wants, { ...context, signal: request.signal });
  tellFreshness(found.view, reply, context);
  if (within === undefined) tellPart(watched, wants.namespace, reply);
  tellScope(grant, reply);
  if (tag !== undefined) {
    const etag = listEtag([...tag, JSON.stringify(within ?? null)], found.view.parts);
    reply.header("etag", etag);
    if (matchesEtag(request.headers["if-none-match"], etag)) return undefined;
  }
  const version = found.version ?? "";
  const wanted = compile(selection, watched.resource, context.fields);
  const { items, last, remaining } = await takePage(found.view.objects, {
    after: found.after,
    // A version that no token can carry leaves no way to ask for more: then everything comes at once.
    limit: isResourceVersion(version) ? limit : 0,
    wanted,
    cache: context.fields,
    signal: request.signal,
  });
  refuseLarge(items, context.limits.maxListSize);
  const more =
    last === undefined
      ? undefined
      : writePageToken(version, { ...(await keepForMore(context, watched, wants, found)), after: keyInToken(last) });
  return {
    metadata: { resourceVersion: version, continue: more, remainingItemCount: remaining },
    items,
    isFromStart: wanted === undefined && found.after === undefined,
  };
}
