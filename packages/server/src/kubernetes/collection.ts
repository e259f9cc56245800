import {
  type FieldSelector,
  type ListOptions,
  type ObjectView,
  parseFieldSelector,
  parseListOptions,
  readObjectView,
  type StatusError,
  versionExpired,
} from "@krm/apimachinery";
import { resourceName } from "@krm/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { sendCompressed } from "../answer/send-compressed.ts";
import { takeList } from "../answer/take-list.ts";
import { tellTrust } from "../answer/tell-trust.ts";
import type { ResourceAttributes } from "../auth/authorizer.ts";
import { readAccessible, refuseScope } from "../request/list-scope.ts";
import { readMaxStaleness } from "../request/max-staleness.ts";
import { withoutZeros } from "../request/version-digits.ts";
import { selectedNamespace } from "../selection/selected-namespace.ts";
import { grantList, type ListGrant } from "../scope/list-grant.ts";
import { lookUps, type Selection } from "../selection/selection.ts";
import { scopesFor } from "../view/catalog.ts";
import type { ViewRequest } from "../view/list-view.ts";
import { readPageToken, writeInconsistentToken } from "../view/page-token.ts";
import type { KubernetesContext } from "./context.ts";
import type { KubernetesRequest } from "./kubernetes-request.ts";
import { absoluteKey, relativeKey } from "./list-keys.ts";
import { representList, requireForm, writtenType } from "./represent.ts";

/** A list that somebody asks for, and whether they may have all of it. */
export interface CollectionRequest extends KubernetesRequest {
  readonly attributes: ResourceAttributes;
  /** That they may not; undefined: they may. */
  readonly refusal: StatusError | undefined;
}

/** Answers a list: `GET /api/v1/namespaces/team-a/pods`. */
export async function answerCollection(context: KubernetesContext, asked: CollectionRequest): Promise<FastifyReply> {
  const { attributes, namespace, query, refusal, reply, request, watched } = asked;
  const { resource } = watched;
  const view = readObjectView(request.headers.accept, query, false);
  requireForm(view, "a list");
  const options = parseListOptions(query, "list");
  const fields = parseFieldSelector(options.fieldSelector, resource);
  const selection = { labels: options.labels, fields };
  const wants: WithoutGrant = {
    ...viewRequest(options, fields, namespace),
    where: lookUps(selection, resource),
    namespace: namespace ?? selectedNamespace(fields, resource),
    maxStaleness: readMaxStaleness(query),
  };
  const accessible = readAccessible(query);
  if (!resource.namespaced) refuseScope(query, `${resourceName(resource)} have no namespace`);
  const grant = await grantList(context, { watched, wants, accessible, attributes, refusal, request });
  try {
    return await answerGranted(context, grant, { asked, view, options, selection, wants });
  } catch (error) {
    await tellTrust(error, reply, context, grant.watched, namespace);
    throw error;
  }
}

type WithoutGrant = Omit<ViewRequest, "within">;

async function answerGranted(
  context: KubernetesContext,
  grant: ListGrant,
  read: {
    readonly asked: CollectionRequest;
    readonly view: ObjectView;
    readonly options: ListOptions;
    readonly selection: Selection;
    readonly wants: WithoutGrant;
  },
): Promise<FastifyReply> {
  const { options, selection, view } = read;
  const { namespace, reply, request } = read.asked;
  const { watched, within } = grant;
  const { resource } = watched;
  const wants: ViewRequest = { ...read.wants, within };
  await context.follow(scopesFor(watched, wants.namespace), request.signal);
  const limit = limitOf(options, context.limits);
  const keyInToken = (key: string): string => relativeKey(key, namespace);
  const taken = await takeList(
    context,
    { grant, wants, selection, limit, tag: tagOf(view, request), keyInToken },
    request,
    reply,
  );
  if (taken === undefined) return reply.code(304).send();
  const written = writtenType(view);
  if (written !== undefined && request.method === "HEAD") return reply.type(written).send();
  const shown = { resource, view, now: context.clock.now(), isFromStart: taken.isFromStart };
  const { body, contentType } = await representList(shown, taken.items, taken.metadata, request.signal);
  return sendCompressed(request, reply, body, context.compressed, contentType);
}

/** Undefined: a Table, which tells ages. */
function tagOf({ representation }: ObjectView, { raw }: FastifyRequest): readonly string[] | undefined {
  return representation.type === "table" ? undefined : [raw.url ?? "", JSON.stringify(representation)];
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
): Omit<WithoutGrant, "namespace" | "maxStaleness" | "where"> {
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
