import { type ErrorBody, type Freshness, hasCause } from "@krm/protocol";

/** Every code a `KrmClientError` can have. */
export const KRM_CLIENT_ERROR_CODES = [
  "KRM_CLIENT_BAD_REQUEST",
  "KRM_CLIENT_CONNECTION",
  "KRM_CLIENT_EXPIRED",
  "KRM_CLIENT_FORBIDDEN",
  "KRM_CLIENT_FRAME",
  "KRM_CLIENT_INSECURE_TOKEN",
  "KRM_CLIENT_INVALID_ARGUMENT",
  "KRM_CLIENT_MISSING_PEER",
  "KRM_CLIENT_NOT_FOUND",
  "KRM_CLIENT_NOT_KRM",
  "KRM_CLIENT_STATUS",
  "KRM_CLIENT_SYNCING",
  "KRM_CLIENT_TIMEOUT",
  "KRM_CLIENT_TOKEN_FILE",
  "KRM_CLIENT_TOO_STALE",
  "KRM_CLIENT_UNAUTHORIZED",
] as const;

/** A code out of {@link KRM_CLIENT_ERROR_CODES}. */
export type KrmClientErrorCode = (typeof KRM_CLIENT_ERROR_CODES)[number];

/** What else an error can carry. */
export interface KrmClientErrorOptions extends ErrorOptions {
  readonly status?: number | undefined;
  readonly body?: ErrorBody | undefined;
  readonly url?: string | undefined;
  readonly hint?: string | undefined;
  readonly retryAfter?: number | undefined;
  readonly freshness?: Freshness | undefined;
}

/**
 * Every error that the client throws on purpose, but for an abort: that rejects with the signal's own reason. Told apart
 * by `code`.
 *
 * @example
 * try {
 *   await client.getPods({ maxStaleness: "30s" });
 * } catch (error) {
 *   if (error instanceof KrmClientError && error.code === "KRM_CLIENT_TOO_STALE") return undefined;
 *   throw error;
 * }
 */
export class KrmClientError extends Error {
  override readonly name = "KrmClientError";
  readonly code: KrmClientErrorCode;
  /** The HTTP status, where the server answered. */
  readonly status: number | undefined;
  /** What the server said, where it said it as a Kubernetes `Status`. */
  readonly body: ErrorBody | undefined;
  /** What was asked for. It never holds a credential. */
  readonly url: string | undefined;
  /** One sentence that says what to do about it. */
  readonly hint: string | undefined;
  /** Seconds that the server asks to wait. */
  readonly retryAfter: number | undefined;
  /** How far the view that there is can be trusted, where the server said so. */
  readonly freshness: Freshness | undefined;

  constructor(code: KrmClientErrorCode, message: string, options: KrmClientErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.status = options.status;
    this.body = options.body;
    this.url = options.url;
    this.hint = options.hint;
    this.retryAfter = options.retryAfter;
    this.freshness = options.freshness;
  }
}

/** Where no KRM answers. */
export const MOUNT_HINT: string =
  "check that the url names a KRM server of this version, with the path where it is mounted";

/** The code and the mend for an error that a KRM server answered. Pure. */
export function meaningOf(
  status: number,
  body: ErrorBody | undefined,
): { readonly code: KrmClientErrorCode; readonly hint: string | undefined } {
  switch (status) {
    case 400:
      return { code: "KRM_CLIENT_BAD_REQUEST", hint: undefined };
    case 401:
      return {
        code: "KRM_CLIENT_UNAUTHORIZED",
        hint: "give the client a `token` or a `tokenFile` that the server knows",
      };
    case 403:
      return { code: "KRM_CLIENT_FORBIDDEN", hint: "ask for less, or have the right granted" };
    case 404:
      // KRM says what it has not as a Status; a page is of something else.
      return {
        code: "KRM_CLIENT_NOT_FOUND",
        hint: body === undefined ? MOUNT_HINT : "check the name; the server's status lists what is watched",
      };
    case 410:
      return { code: "KRM_CLIENT_EXPIRED", hint: "list again from the first page, and without an exact version" };
    case 503:
      if (body !== undefined && hasCause(body, "ViewSyncing"))
        return { code: "KRM_CLIENT_SYNCING", hint: "ask again when the first list of the resource is complete" };
      return { code: "KRM_CLIENT_STATUS", hint: undefined };
    case 504:
      if (body !== undefined && (hasCause(body, "ViewTooStale") || hasCause(body, "ResourceVersionTooLarge")))
        return { code: "KRM_CLIENT_TOO_STALE", hint: "ask again later, or be content with an older answer" };
      return { code: "KRM_CLIENT_STATUS", hint: undefined };
    default:
      return { code: "KRM_CLIENT_STATUS", hint: undefined };
  }
}
