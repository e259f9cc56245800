import { type ResourceType, resourceName } from "@krm/core";
import { goQuote } from "../text/go-quote.ts";
import { statusError, type StatusCause, type StatusDetails, type StatusError } from "./status.ts";

/** A resource in an error: the type, or its short name (`pods`, `deployments.apps`). */
export type ResourceLike = string | Pick<ResourceType, "group" | "resource">;

/** A kind in an error: its name where the group is the core one (`Pod`), or both. */
export type KindLike = string | Pick<ResourceType, "group" | "kind">;

/** Who was refused what: see {@link forbidden}. */
export interface ForbiddenRequest {
  readonly verb: string;
  readonly resource: ResourceLike;
  readonly subresource?: string | undefined;
  /** Undefined or `""`: the request was for all namespaces or for a cluster-scoped resource. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly user: string;
  /** What the authorizer said, appended to the message. */
  readonly reason?: string | undefined;
}

const NOT_FOUND_PATH = "the server could not find the requested resource";
const METHOD_NOT_ALLOWED = "the server does not allow this method on the requested resource";

/** What a kube-apiserver offers; the default of {@link notAcceptable}. */
const REPRESENTATIONS: readonly string[] = [
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/json;stream=watch",
  "application/vnd.kubernetes.protobuf;stream=watch",
];

function groupResource(resource: ResourceLike): { readonly group: string; readonly resource: string } {
  if (typeof resource !== "string") return resource;
  const dot = resource.indexOf(".");
  return dot < 0 ? { group: "", resource } : { group: resource.slice(dot + 1), resource: resource.slice(0, dot) };
}

function about(resource: ResourceLike, name?: string, more?: StatusDetails): StatusDetails {
  const { group, resource: plural } = groupResource(resource);
  return {
    ...(name === undefined || name === "" ? {} : { name }),
    ...(group === "" ? {} : { group }),
    kind: plural,
    ...more,
  };
}

/** 400 BadRequest: the request makes no sense. */
export function badRequest(message: string): StatusError {
  return statusError({ code: 400, reason: "BadRequest", message });
}

/** 401 Unauthorized: no or wrong credentials. */
export function unauthorized(): StatusError {
  return statusError({ code: 401, reason: "Unauthorized", message: "Unauthorized" });
}

/** 403 Forbidden: the user may not do this. The message names who, what and where, as RBAC's does. */
export function forbidden(request: ForbiddenRequest): StatusError {
  const { group, resource } = groupResource(request.resource);
  const asked = request.subresource ? `${resource}/${request.subresource}` : resource;
  const where = request.namespace ? `in the namespace ${goQuote(request.namespace)}` : "at the cluster scope";
  const what = `User ${goQuote(request.user)} cannot ${request.verb} resource ${goQuote(asked)} in API group ${goQuote(group)} ${where}`;
  const object = request.name
    ? `${resourceName({ group, resource })} ${goQuote(request.name)}`
    : resourceName({ group, resource });
  return statusError({
    code: 403,
    reason: "Forbidden",
    message: `${object} is forbidden: ${what}${request.reason ? `: ${request.reason}` : ""}`,
    details: about(request.resource, request.name),
  });
}

/** 403 Forbidden for a path that is no resource: `/metrics`, `/version`. */
export function forbiddenPath(request: {
  readonly verb: string;
  readonly path: string;
  readonly user: string;
  readonly reason?: string | undefined;
}): StatusError {
  const what = `User ${goQuote(request.user)} cannot ${request.verb} path ${goQuote(request.path)}`;
  return statusError({
    code: 403,
    reason: "Forbidden",
    message: `forbidden: ${what}${request.reason ? `: ${request.reason}` : ""}`,
    details: {},
  });
}

/** 404 NotFound: no object of this name. */
export function notFound(resource: ResourceLike, name: string): StatusError {
  return statusError({
    code: 404,
    reason: "NotFound",
    message: `${resourceName(groupResource(resource))} ${goQuote(name)} not found`,
    details: about(resource, name),
  });
}

/**
 * 404 NotFound: no such resource in a group and version that is served. A path outside any served group gets
 * `404 page not found` as plain text instead.
 */
export function notFoundPath(): StatusError {
  return statusError({ code: 404, reason: "NotFound", message: NOT_FOUND_PATH, details: {} });
}

/** 405 MethodNotAllowed. */
export function methodNotAllowed(message: string = METHOD_NOT_ALLOWED): StatusError {
  return statusError({ code: 405, reason: "MethodNotAllowed", message, details: {} });
}

/** 406 NotAcceptable: no representation that the Accept header allows. `available`: what there is, best first. */
export function notAcceptable(available: readonly string[] = REPRESENTATIONS): StatusError {
  return statusError({
    code: 406,
    reason: "NotAcceptable",
    message: `406: Not Acceptable\n\nAvailable representations: ${available.join(", ")}`,
    details: {},
  });
}

/** 406 NotAcceptable: a representation that exists, but not of what is asked. `fits`: `a list`, `one object`. */
export function wrongRepresentation(representation: string, fits: string): StatusError {
  return statusError({
    code: 406,
    reason: "NotAcceptable",
    message: `the representation ${representation} is for ${fits}`,
    details: {},
  });
}

/** 409 AlreadyExists: a create of a name that is taken. */
export function alreadyExists(resource: ResourceLike, name: string): StatusError {
  return statusError({
    code: 409,
    reason: "AlreadyExists",
    message: `${resourceName(groupResource(resource))} ${goQuote(name)} already exists`,
    details: about(resource, name),
  });
}

/** 409 Conflict: an update of a version that is not the current one, unless `message` tells another conflict. */
export function conflict(
  resource: ResourceLike,
  name: string,
  message = "the object has been modified; please apply your changes to the latest version and try again",
): StatusError {
  return statusError({
    code: 409,
    reason: "Conflict",
    message: `Operation cannot be fulfilled on ${resourceName(groupResource(resource))} ${goQuote(name)}: ${message}`,
    details: about(resource, name),
  });
}

/** 422 Invalid: the content breaks rules; one cause per broken rule, in the order in which they were found. */
export function invalid(kind: KindLike, name: string, causes: readonly StatusCause[]): StatusError {
  const { group, kind: plainKind } = typeof kind === "string" ? { group: "", kind } : kind;
  const full = group === "" ? plainKind : `${plainKind}.${group}`;
  const told = [...new Set(causes.map((cause) => `${cause.field ?? "<nil>"}: ${cause.message ?? ""}`))];
  const all = told.length === 0 ? "" : told.length === 1 ? `: ${told[0] ?? ""}` : `: [${told.join(", ")}]`;
  return statusError({
    code: 422,
    reason: "Invalid",
    message: `${full} ${goQuote(name)} is invalid${all}`,
    details: {
      ...(name === "" ? {} : { name }),
      ...(group === "" ? {} : { group }),
      kind: plainKind,
      ...(causes.length === 0 ? {} : { causes }),
    },
  });
}

/**
 * 410 Expired: the version asked for is gone. `continueToken`: a token for the inconsistent rest of a list, as the API
 * server hands out where one expired ({@link encodeContinue} with version `-1`).
 */
export function expired(message: string, continueToken?: string): StatusError {
  return statusError({
    code: 410,
    reason: "Expired",
    message,
    ...(continueToken === undefined ? {} : { continue: continueToken }),
  });
}

/**
 * 410 Expired: what a continue token goes on with is gone. `continueToken` asks for the rest of the list as it is by then.
 */
export function continueExpired(continueToken: string): StatusError {
  return expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without " +
      "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. " +
      "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or " +
      "deleted between the time the first chunk was returned and now may show up in the list.",
    continueToken,
  );
}

/** 410 Expired: the exact version that a list asks for is gone. `more`, in brackets behind the API server's own words. */
export function versionExpired(more?: string): StatusError {
  const words = "The resourceVersion for the provided list is too old.";
  return expired(more === undefined ? words : `${words} (${more})`);
}

/** 429 TooManyRequests. `retryAfterSeconds` also belongs into the `Retry-After` header. */
export function tooManyRequests(
  retryAfterSeconds: number,
  message = "Too many requests, please try again later.",
): StatusError {
  return statusError({ code: 429, reason: "TooManyRequests", message, details: { retryAfterSeconds } });
}

/** 500 InternalError. */
export function internalError(message: string): StatusError {
  return statusError({
    code: 500,
    reason: "InternalError",
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message }] },
  });
}

/** 503 ServiceUnavailable. */
export function serviceUnavailable(message: string, retryAfterSeconds?: number): StatusError {
  return statusError({
    code: 503,
    reason: "ServiceUnavailable",
    message,
    ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }),
  });
}

/** 504 Timeout with cause ResourceVersionTooLarge: the reader demands news that the server does not have yet. */
export function tooLargeResourceVersion(asked: string, current: string): StatusError {
  return statusError({
    code: 504,
    reason: "Timeout",
    message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  });
}
