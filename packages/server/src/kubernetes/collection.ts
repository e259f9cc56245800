import {
  type FieldSelector,
  type ListOptions,
  type ObjectView,
  parseFieldSelector,
  parseListOptions,
  readObjectView,
  versionExpired,
} from "@krm/apimachinery";
import { isResourceVersion } from "@krm/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { sendCompressed } from "../answer/send-compressed.ts";
import { tellFreshness } from "../answer/tell-freshness.ts";
import { listEtag, matchesEtag } from "../body/etag.ts";
import { readMaxStaleness } from "../request/max-staleness.ts";
import { withoutZeros } from "../request/version-digits.ts";
import { refuseLarge } from "../limits/list-size.ts";
import { takePage } from "../selection/page.ts";
import { selectedNamespace } from "../selection/selected-namespace.ts";
import { compile, lookUps } from "../selection/selection.ts";
import { scopesFor } from "../view/catalog.ts";
import { findView, keepForMore, type ViewRequest } from "../view/list-view.ts";
import { readPageToken, writeInconsistentToken, writePageToken } from "../view/page-token.ts";
import type { View } from "../view/view.ts";
import type { KubernetesContext } from "./context.ts";
import type { KubernetesRequest } from "./kubernetes-request.ts";
import { absoluteKey, relativeKey } from "./list-keys.ts";
import { representList, requireForm, writtenType } from "./represent.ts";

/** Answers a list: `GET /api/v1/namespaces/team-a/pods`. */
export async function answerCollection(
  context: KubernetesContext,
  { watched, namespace, query, request, reply }: KubernetesRequest,
): Promise<FastifyReply> {
  const { resource } = watched;
  const view = readObjectView(request.headers.accept, query, false);
  requireForm(view, "a list");
  const options = parseListOptions(query, "list");
  const fields = parseFieldSelector(options.fieldSelector, resource);
  const selection = { labels: options.labels, fields, node: undefined, owner: undefined };
  const wants: ViewRequest = {
    ...viewRequest(options, fields, namespace),
    where: lookUps(selection, resource),
    namespace: namespace ?? selectedNamespace(fields, resource),
    maxStaleness: readMaxStaleness(query),
  };
  await context.follow(scopesFor(watched, wants.namespace), request.signal);
  const found = await findView(watched, wants, { ...context, signal: request.signal });
  tellFreshness(found.view, reply, context);
  const etag = etagOf(view, request, found.view.parts);
  if (etag !== undefined) reply.header("etag", etag);
  if (etag !== undefined && matchesEtag(request.headers["if-none-match"], etag)) return reply.code(304).send();

  const version = found.version ?? "";
  const wanted = compile(selection, resource, context.fields);
  const pageToken = (last: string, name: string): string =>
    writePageToken(version, { view: name, after: relativeKey(last, namespace) });
  const page = await takePage(found.view.objects, {
    after: found.after,
    limit: isResourceVersion(version) ? limitOf(options, context.limits) : 0,
    wanted,
    cache: context.fields,
    signal: request.signal,
  });
  refuseLarge(page.items, context.limits.maxListSize);
  const { last, remaining: remainingItemCount } = page;
  const more = last === undefined ? undefined : pageToken(last, keepForMore(context.shelf, watched, wants, found));
  const meta = { resourceVersion: version, continue: more, remainingItemCount };
  const written = writtenType(view);
  if (written !== undefined && request.method === "HEAD") return reply.type(written).send();
  const shown = { resource, view, now: context.clock.now() };
  const { body, contentType } = await representList(shown, page.items, meta, request.signal);
  return sendCompressed(request, reply, body, context.compressed, contentType);
}

/** The tag of a list in one form; undefined: a Table, which tells ages. */
function etagOf({ representation }: ObjectView, { raw }: FastifyRequest, parts: View["parts"]): string | undefined {
  if (representation.type === "table") return undefined;
  return listEtag([raw.url ?? "", JSON.stringify(representation)], parts);
}

/**
 * The watch cache of the API server, which serves `0`, has no pages. Where an answer may be too large there have to be:
 * informers begin with `0`.
 */
function limitOf(
  { continue: token, limit, resourceVersion }: ListOptions,
  { maxListSize }: KubernetesContext["limits"],
): number {
  return maxListSize === 0 && token === "" && isZero(resourceVersion) ? 0 : limit;
}

function isZero(version: string): boolean {
  return version !== "" && withoutZeros(version) === undefined;
}

/** `namespace`: the path's, to which the keys of tokens are relative. */
function viewRequest(
  options: ListOptions,
  fields: FieldSelector,
  namespace: string | undefined,
): Omit<ViewRequest, "namespace" | "maxStaleness" | "where"> {
  const { resourceVersion: version, resourceVersionMatch: match, limit } = options;
  const point = options.continue === "" ? undefined : readPageToken(options.continue);
  return {
    // One object can be looked up.
    name: fields.requirements.find(({ field, operator }) => field === "metadata.name" && operator !== "!=")?.value,
    continue: point === undefined ? undefined : { ...point, after: absoluteKey(point.after, namespace) },
    resourceVersion: point === undefined ? withoutZeros(version) : undefined,
    // With a limit and nothing said, a version has always meant just that one.
    match: match === "Exact" || (match === "" && limit > 0) ? "Exact" : "NotOlderThan",
    tooOld: () => versionExpired(),
    rest: (after) => writeInconsistentToken(relativeKey(after, namespace)),
  };
}
