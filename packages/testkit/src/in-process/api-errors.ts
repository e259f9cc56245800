import { StatusError } from "@krm/apimachinery";
import { type ApiStatus, KrmError } from "@krm/core";

/** A Status as the list and watch port tells it. */
export function apiStatus({ status }: StatusError): ApiStatus {
  const { code, reason = "", message = "", details } = status;
  return { code, reason, message, retryAfterSeconds: details?.retryAfterSeconds };
}

/** An error of the simulated cluster as the port tells it; any other as it is. */
export function asPortError(error: unknown): unknown {
  if (!(error instanceof StatusError)) return error;
  const status = apiStatus(error);
  return new KrmError("KRM_API_STATUS", status.message, { status, cause: error });
}
