/** One reason among several why a request failed: Kubernetes' StatusCause. */
export interface StatusCause {
  /** Machine-readable: `FieldValueInvalid`, `ResourceVersionTooLarge`. */
  readonly reason?: string;
  /** For people. */
  readonly message?: string;
  /** Path of the field at fault: `spec.containers[0].name`. */
  readonly field?: string;
}

/** What an error is about: Kubernetes' StatusDetails. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** The plural resource, or the kind where the error is about an object's content. */
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  /** Seconds. Also sent as `Retry-After`. */
  readonly retryAfterSeconds?: number;
}

/** Kubernetes' Status object, keys in the order in which the API server writes them. */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: { readonly continue?: string };
  readonly status: "Failure" | "Success";
  readonly message?: string;
  /** Kubernetes' word: `NotFound`, `Expired`. Absent where the API server has none. */
  readonly reason?: string;
  readonly details?: StatusDetails;
  /** The HTTP status. */
  readonly code: number;
}

/** What {@link statusError} builds a Status from. */
export interface StatusInput {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  readonly details?: StatusDetails;
  /** A continue token to go on with, in `metadata`. */
  readonly continue?: string;
}

/**
 * An answer that is an error, in Kubernetes' own form. Every function of this package that refuses a request throws
 * one; a server sends `status` as the body and `status.code` as the HTTP status.
 */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly status: Status;

  constructor(status: Status) {
    super(status.message ?? status.reason ?? `status ${status.code}`);
    this.status = status;
  }

  /** The value of the `Retry-After` header, in seconds; undefined where the error asks for none. */
  get retryAfterSeconds(): number | undefined {
    return this.status.details?.retryAfterSeconds;
  }
}

/** Builds any failure. The named constructors beside this one are to be preferred: they know the API server's wording. */
export function statusError(input: StatusInput): StatusError {
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: input.continue === undefined ? {} : { continue: input.continue },
    status: "Failure",
    message: input.message,
    ...(input.reason === undefined ? {} : { reason: input.reason }),
    ...(input.details === undefined ? {} : { details: input.details }),
    code: input.code,
  });
}
