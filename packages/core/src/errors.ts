import type { ApiStatus } from "./ports/list-watch.ts";

/** Every code a `KrmError` can have; `docs/errors.md` tells what each means and what to do, and a test holds the two together. */
export const KRM_ERROR_CODES = [
  "KRM_API_STATUS",
  "KRM_CONNECTION",
  "KRM_DECODE",
  "KRM_EXPIRED_READ",
  "KRM_INVALID_ARGUMENT",
  "KRM_INVALID_KUBECONFIG",
  "KRM_INVALID_RESOURCE_VERSION",
  "KRM_LIST_INCONSISTENT",
  "KRM_LISTEN",
  "KRM_METRICS_REFUSED",
  "KRM_METRICS_SPILL",
  "KRM_NOT_READY",
  "KRM_STORE_CLOSED",
  "KRM_STORE_CONFLICT",
  "KRM_STORE_FAILED",
  "KRM_STORE_FULL",
  "KRM_STORE_UNUSABLE",
  "KRM_UNKNOWN_RESOURCE",
  "KRM_UNSAFE_LISTEN",
  "KRM_USAGE",
  "KRM_WATCH_SILENT",
] as const;

/** A code out of {@link KRM_ERROR_CODES}. */
export type KrmErrorCode = (typeof KRM_ERROR_CODES)[number];

/** What else an error can carry. */
export interface KrmErrorOptions extends ErrorOptions {
  /** What the API server said, with `KRM_API_STATUS`. */
  readonly status?: ApiStatus | undefined;
  /** One sentence that says what to do about it. */
  readonly hint?: string | undefined;
}

const marker = Symbol.for("krm.error");

/**
 * Every error that KRM throws on purpose. Told apart by `code`, not by class: `KrmError.is` also knows the errors of
 * another copy of this package in the same process.
 */
export class KrmError extends Error {
  override readonly name = "KrmError";
  readonly code: KrmErrorCode;
  readonly status: ApiStatus | undefined;
  readonly hint: string | undefined;
  constructor(code: KrmErrorCode, message: string, options: KrmErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.status = options.status;
    this.hint = options.hint;
    Object.defineProperty(this, marker, { value: true });
  }

  /** Tells whether `value` is a KrmError, and of this code where one is given. */
  static is(value: unknown, code?: KrmErrorCode): value is KrmError {
    return (
      typeof value === "object" &&
      value !== null &&
      (value as { [marker]?: unknown })[marker] === true &&
      (code === undefined || (value as KrmError).code === code)
    );
  }
}
