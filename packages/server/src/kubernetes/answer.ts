import {
  type FieldSelector,
  isWatchQuery,
  methodNotAllowed,
  notFound,
  notFoundPath,
  PAGE_NOT_FOUND,
  parseFieldSelector,
  parseListOptions,
  readObjectView,
  type RequestInfo,
  requestInfo,
  type ResourceRequestInfo,
  watchQuery,
} from "@krm/apimachinery";
import { resourceName } from "@krm/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { sendCompressed } from "../answer/send-compressed.ts";
import { sendText } from "../answer/send.ts";
import { tellFreshness } from "../answer/tell-freshness.ts";
import { tellTrust } from "../answer/tell-trust.ts";
import { requestAttributes } from "../auth/access-attributes.ts";
import { forwardedPath } from "../forwarding/forwarded-path.ts";
import { requireRead } from "../forwarding/require-read.ts";
import { refuseScope } from "../request/list-scope.ts";
import { readMaxStaleness } from "../request/max-staleness.ts";
import { withoutZeros } from "../request/version-digits.ts";
import { selectedNamespace } from "../selection/selected-namespace.ts";
import { scopesFor } from "../view/catalog.ts";
import { awaitDemand } from "../view/demand.ts";
import { readDemanded } from "../view/list-view.ts";
import type { KubernetesContext } from "./context.ts";
import { answerCollection, type CollectionRequest } from "./collection.ts";
import { answerDocument, type Send } from "./document.ts";
import { forbidHidden, isHidden } from "./hidden-namespace.ts";
import { isHeld, watchedOf } from "./held.ts";
import type { KubernetesRequest } from "./kubernetes-request.ts";
import { representObject, requireForm, writtenType } from "./represent.ts";
import { type RequestTarget, targetOf } from "./request-target.ts";

/**
 * Answers a request to the Kubernetes API, as kube-apiserver does where the resource is watched here. Unknown parameters
 * are passed over, and of one that is given twice the first counts.
 */
export async function answerKubernetes(
  context: KubernetesContext,
  prefix: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const target = targetOf(request.raw.url ?? "/", prefix);
  const { query } = target;
  const path = context.forwarding === undefined ? target.path : forwardedPath(target.path);
  const info = requestInfo(request.method, path, isWatchQuery(query));
  const send = sender(context, { ...target, path }, info, request, reply);
  if (info.type === "path") return answerDocument(context, path, request, reply, send);
  const before = send && (await context.catalog.watched());
  if (send !== undefined && before !== undefined && !isHeld(before, info)) {
    await send();
    return reply;
  }
  // First of all, so that a refusal tells nothing. What is watched, every reader may know.
  const attributes = requestAttributes(info, query);
  const refusal = await context.access.refusal(request, attributes);
  if (refusal !== undefined && !asksForLess(info, query)) throw refusal;
  const all = before ?? (await context.catalog.watched());
  const watched = watchedOf(all, info);
  if (watched === undefined) {
    if (isNamespace(info)) throw notServed(reply, "namespaces are not watched here");
    const { group, version } = info;
    if (all.some(({ resource }) => resource.group === group && resource.version === version)) throw notFoundPath();
    return sendText(reply.code(404), PAGE_NOT_FOUND);
  }
  if (info.verb !== "get") context.followUnions([watched]);
  const namespace = info.namespace === "" ? undefined : info.namespace;
  const { namespaced } = watched.resource;
  // A namespaced object has a namespace in its path, and nothing else has one.
  if (namespaced ? info.name !== "" && namespace === undefined : namespace !== undefined) throw notFoundPath();
  if (refusal !== undefined && !namespaced) refuseScope(query, `${resourceName(watched.resource)} have no namespace`);
  try {
    return await answerResource(context, info, { watched, namespace, query, request, reply, attributes, refusal });
  } catch (error) {
    // A namespace that a selector names.
    if (send !== undefined && isHidden(error)) {
      await send();
      return reply;
    }
    // Who may not list all of it hears how far it can be trusted where it is known what they may.
    if (refusal === undefined) await tellTrust(error, reply, context, watched, namespace);
    throw forbidHidden(error);
  }
}

async function answerResource(
  context: KubernetesContext,
  info: ResourceRequestInfo,
  asked: CollectionRequest,
): Promise<FastifyReply> {
  if (info.subresource !== "") throw notFoundPath();
  if (info.verb !== "list") refuseScope(asked.query, `scope is for lists, and this is a ${info.verb}`);
  switch (info.verb) {
    case "get":
      return answerObject(context, info.name, asked);
    case "watch":
      return answerWatch(context, info.name, asked);
    default:
      return answerCollection(context, asked);
  }
}

async function answerObject(
  context: KubernetesContext,
  name: string,
  { watched, namespace, query, request, reply }: KubernetesRequest,
): Promise<FastifyReply> {
  const { resource } = watched;
  const view = readObjectView(request.headers.accept, query, false);
  requireForm(view, "one object");
  // Of a list's options an object's request has the version alone.
  const version = new URLSearchParams({ resourceVersion: query.get("resourceVersion") ?? "" });
  const { resourceVersion } = parseListOptions(version, "list");
  const scopes = scopesFor(watched, namespace);
  const demand = { version: withoutZeros(resourceVersion), maxStaleness: readMaxStaleness(query) };
  const found = await readDemanded({ scopes, namespace, name, where: [], within: undefined }, demand, {
    ...context,
    signal: request.signal,
  });
  tellFreshness(found, reply, context);
  const [object] = found.objects;
  if (object === undefined) throw notFound(resource, name);
  const written = writtenType(view);
  if (written !== undefined && request.method === "HEAD") return reply.type(written).send();
  const { body, contentType } = representObject({ resource, view, now: context.clock.now() }, object);
  return sendCompressed(request, reply, body, context.compressed, contentType);
}

async function answerWatch(
  context: KubernetesContext,
  name: string,
  { watched, namespace, query, request, reply }: KubernetesRequest,
): Promise<FastifyReply> {
  const view = readObjectView(request.headers.accept, query, true);
  const options = parseListOptions(watchQuery(query, name), "watch");
  const fields: FieldSelector = parseFieldSelector(options.fieldSelector, watched.resource);
  const narrowed = namespace ?? selectedNamespace(fields, watched.resource);
  const demand = { version: undefined, maxStaleness: readMaxStaleness(query) };
  await awaitDemand(context.store, scopesFor(watched, narrowed), demand, { ...context, signal: request.signal });
  return context.watch({ watched, namespace: narrowed, options, fields, view, request, reply });
}

/** Sends a request on, unless it is no read; undefined: nothing is sent on here. */
function sender(
  { forwarding }: KubernetesContext,
  target: RequestTarget,
  info: RequestInfo,
  request: FastifyRequest,
  reply: FastifyReply,
): Send | undefined {
  if (forwarding === undefined) return undefined;
  return async (options) => {
    if (info.type === "resource") requireRead(info);
    const kind =
      info.type === "resource" && info.verb === "watch"
        ? "watch"
        : info.type === "resource" && info.subresource !== ""
          ? "subresource"
          : "finite";
    await forwarding.answer({ ...target, kind, request, reply }, options);
  };
}

/** Whether somebody who may not list all namespaces is content with those in which they may. */
function asksForLess(info: ResourceRequestInfo, query: URLSearchParams): boolean {
  const isList = info.verb === "list" && info.subresource === "" && info.namespace === "";
  return isList && query.get("scope") === "accessible";
}

/**
 * A namespace itself. When an object is not found in it, kubectl asks for it, and takes a 404 for the reason why: so that
 * where namespaces are not watched, that must not be the answer.
 */
function isNamespace({ group, resource, verb }: ResourceRequestInfo): boolean {
  return group === "" && resource === "namespaces" && verb === "get";
}

function notServed(reply: FastifyReply, message: string): Error {
  reply.header("allow", "GET, HEAD");
  return methodNotAllowed(message);
}
