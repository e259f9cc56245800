import { isWatchQuery, requestInfo } from "@krm/apimachinery";
import { KUBERNETES_PATHS } from "@krm/protocol";
import type { FastifyRequest } from "fastify";
import type { AnswerRoute } from "../answer/observe-answers.ts";
import { namespaceIn, requestAttributes } from "../auth/access-attributes.ts";
import type { AccessAttributes, ResourceAttributes } from "../auth/authorizer.ts";
import { targetOf } from "../kubernetes/request-target.ts";
import type { AuditObjectRef } from "./audit-event.ts";

/** What a request is for, as an audit event tells it. */
export interface AuditedRequest {
  readonly verb: string;
  readonly objectRef?: AuditObjectRef;
}

/**
 * What a request asks for.
 *
 * @param attributes What a right was decided upon for it; undefined: it did not come to that.
 */
export function auditedRequest(
  request: Pick<FastifyRequest, "method" | "params" | "raw">,
  route: AnswerRoute,
  prefix: string,
  attributes: AccessAttributes | undefined,
): AuditedRequest {
  const target = request.raw.url ?? "/";
  const method = request.method.toLowerCase();
  if (attributes?.type === "resource") return { verb: attributes.verb, objectRef: refOf(attributes) };
  if (route === KUBERNETES_PATHS.core || route === KUBERNETES_PATHS.groups) {
    const { path, query } = targetOf(target, prefix);
    const info = requestInfo(request.method, path, isWatchQuery(query));
    if (info.type === "resource") return { verb: info.verb, objectRef: refOf(requestAttributes(info, query)) };
  }
  if (route === "/:resource") {
    const { resource = "" } = request.params as { readonly resource?: string };
    const namespace = namespaceIn(target, { namespaced: true });
    const isRead = request.method === "GET" || request.method === "HEAD";
    return { verb: isRead ? "list" : method, objectRef: { resource, ...(namespace === "" ? {} : { namespace }) } };
  }
  return { verb: method };
}

/** As upstream writes it: the core group, and all that is empty, is left out. */
function refOf(attributes: ResourceAttributes): AuditObjectRef {
  const { group: apiGroup, name, namespace, resource, subresource, version: apiVersion } = attributes;
  const ref: AuditObjectRef = { resource, namespace, name, apiGroup, apiVersion, subresource };
  return Object.fromEntries(Object.entries(ref).filter(([, value]) => value !== ""));
}
