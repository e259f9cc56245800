import { KrmError } from "../errors.ts";
import type { ApiStatus } from "../ports/list-watch.ts";
import { asBuffer } from "./as-buffer.ts";

/**
 * Decodes a Kubernetes `Status`: the body of an HTTP error, or the object of an `ERROR` frame.
 *
 * @throws KrmError `KRM_DECODE` when the bytes are not a Status (an error page of a proxy, say).
 */
export function decodeStatus(bytes: Uint8Array): ApiStatus {
  let value: unknown;
  try {
    value = JSON.parse(asBuffer(bytes).toString("utf8"));
  } catch (cause) {
    throw new KrmError("KRM_DECODE", `the Status cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (typeof value !== "object" || value === null) throw new KrmError("KRM_DECODE", "the Status is not an object");
  const { kind, code, reason, message, details } = value as Record<string, unknown>;
  if (kind !== "Status" || typeof code !== "number" || !Number.isInteger(code)) {
    throw new KrmError("KRM_DECODE", "the error is not a Status with a code");
  }
  const retryAfter = (details as { retryAfterSeconds?: unknown } | null | undefined)?.retryAfterSeconds;
  return {
    code,
    reason: typeof reason === "string" ? reason : "",
    message: typeof message === "string" ? message : "",
    // 0 is how the API server writes that it has nothing to say.
    retryAfterSeconds: typeof retryAfter === "number" && retryAfter > 0 ? retryAfter : undefined,
  };
}
