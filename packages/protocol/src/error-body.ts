/** One cause in the details of an error. */
export interface ErrorCause {
  /** For programs: one of {@link ERROR_CAUSES}, or Kubernetes' own (`FieldValueInvalid`). */
  readonly reason?: string;
  readonly message?: string;
  /** The parameter that is at fault. */
  readonly field?: string;
}

/** The body of every error: a Kubernetes `Status`, as `meta/v1` defines it. */
export interface ErrorBody {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: { readonly continue?: string };
  readonly status: "Failure";
  readonly message: string;
  /** Kubernetes' word for the error: `BadRequest`, `NotFound`, `Expired`, `Timeout`, `ServiceUnavailable`, … */
  readonly reason?: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly causes?: readonly ErrorCause[];
    readonly retryAfterSeconds?: number;
  };
  /** The HTTP status. */
  readonly code: number;
}

/** What `details.causes[].reason` says in errors that are KRM's own. */
export const ERROR_CAUSES = [
  /** 503: the first list of the resource is not complete. */
  "ViewSyncing",
  /** 503: there is no view, and waiting alone will not bring one: the API server refuses KRM, or lacks the resource. */
  "ViewUnavailable",
  /** 504: `maxStaleness` cannot be met. */
  "ViewTooStale",
  /** 504: `resourceVersion` lies ahead of the view. Kubernetes' own. */
  "ResourceVersionTooLarge",
  /** 404: the path names a resource that is not watched. */
  "ResourceNotWatched",
  /** The resource is watched, but not in this namespace: 404, and 403 in the Kubernetes API, where a 404 would say that it is gone. */
  "NamespaceNotWatched",
  /** 403: `scope=accessible` would have to ask about more namespaces than it may. */
  "TooManyNamespaces",
  /** 410: a page would be of other namespaces than those before it, since the reader's rights are others by now. */
  "ScopeChanged",
  /** 400: the path names several resources. */
  "ResourceAmbiguous",
  /** 400: a query parameter that does not exist, or not for this resource. */
  "UnknownParameter",
  /** 400: a query parameter whose value cannot be. */
  "InvalidParameter",
  /** 400: a query parameter that is given twice. */
  "RepeatedParameter",
  /** 413: the list is larger than the server answers at once; its pages need not be. */
  "ListTooLarge",
  /** 429: so many requests of the user are sent on to the API server already. */
  "TooManyForwarded",
  /** 429: the user has as many watches open as the server lets one have. */
  "TooManyWatches",
  /** Not sent on to the API server: 400 for a path that servers may read differently, 403 for what is not a read, or not asked by a token. */
  "NotForwarded",
  /** 502, or 504 where time ran out: the API server does not answer what was sent on to it. 503: too much is under way. */
  "ApiServerUnavailable",
] as const;

/** One of {@link ERROR_CAUSES}. */
export type ErrorCauseReason = (typeof ERROR_CAUSES)[number];

/**
 * Tells whether an HTTP body is an error as KRM and Kubernetes write it.
 *
 * @example
 * if (isErrorBody(body) && hasCause(body, "ViewSyncing")) await retryLater(body.details?.retryAfterSeconds);
 */
export function isErrorBody(value: unknown): value is ErrorBody {
  if (typeof value !== "object" || value === null) return false;
  const body = value as Partial<Record<keyof ErrorBody, unknown>>;
  return body.kind === "Status" && typeof body.message === "string" && typeof body.code === "number";
}

/** Tells whether an error has a cause with this reason. */
export function hasCause(error: Pick<ErrorBody, "details">, reason: ErrorCauseReason): boolean {
  return error.details?.causes?.some((cause) => cause.reason === reason) ?? false;
}
