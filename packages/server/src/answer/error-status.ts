import { badRequest, internalError, serviceUnavailable, statusError, StatusError } from "@krm/apimachinery";
import { KrmError } from "@krm/core";

/** What an error becomes for the reader, and whether the operator has to know of it. */
export interface ErrorAnswer {
  readonly error: StatusError;
  /** The error is not the reader's: log it. */
  readonly fault: boolean;
}

/**
 * Turns anything that was thrown into a Kubernetes Status. A fault of ours is not told in detail: what it says may be
 * about the inside of the server.
 */
export function errorStatus(error: unknown): ErrorAnswer {
  if (error instanceof StatusError) return { error, fault: false };
  if (KrmError.is(error, "KRM_STORE_FAILED") || KrmError.is(error, "KRM_STORE_CLOSED")) {
    return { error: serviceUnavailable(`the store cannot be read (${error.code})`, 1), fault: true };
  }
  const code = clientErrorCode(error);
  if (code === undefined) return { error: internalError("see the server's log"), fault: true };
  const message = error instanceof Error ? error.message : "bad request";
  if (code === 400) return { error: badRequest(message), fault: false };
  return { error: statusError({ code, message }), fault: false };
}

/** The HTTP status of an error that the framework raised over a bad request. */
function clientErrorCode(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return undefined;
  const { statusCode } = error;
  return typeof statusCode === "number" && statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
}
