import { statusError, type StatusError } from "@krm/apimachinery";
import type { ErrorCauseReason } from "@krm/protocol";

type Code = 400 | 403 | 404 | 410 | 413 | 429 | 502 | 503 | 504;

const REASONS: Readonly<Record<Code, string | undefined>> = {
  400: "BadRequest",
  403: "Forbidden",
  404: "NotFound",
  410: "Expired",
  413: "RequestEntityTooLarge",
  429: "TooManyRequests",
  // Of 502 Kubernetes has no word.
  502: undefined,
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** An error of KRM's own: a Kubernetes Status whose details carry a cause that programs can tell. */
export function causedError(
  cause: ErrorCauseReason,
  error: {
    readonly code: Code;
    readonly message: string;
    /** The parameter at fault. */
    readonly field?: string;
    /** The plural of the resource. */
    readonly kind?: string;
    readonly retryAfterSeconds?: number;
  },
): StatusError {
  const { code, message, field, kind, retryAfterSeconds } = error;
  const reason = REASONS[code];
  return statusError({
    code,
    ...(reason === undefined ? {} : { reason }),
    message,
    details: {
      ...(kind === undefined ? {} : { kind }),
      causes: [{ reason: cause, message, ...(field === undefined ? {} : { field }) }],
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
  });
}
