import { STATUS_CODES } from "node:http";
import { type ApiStatus, decodeStatus, KrmError, systemClock } from "@krm/core";

/** The parts of an answer that say what went wrong. */
export interface ErrorAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Its body, or the beginning of it. */
  readonly body: Uint8Array;
}

/** An answer other than 200, as an error. `request` names it: `GET https://…/api/v1/pods`. */
export function statusError(answer: ErrorAnswer, request: string): KrmError {
  const status = readStatus(answer);
  const name = status.reason === "" ? (STATUS_CODES[status.code] ?? "") : status.reason;
  const words = status.message === "" ? "" : `: ${status.message}`;
  const message = `${request} was answered with ${status.code}${name === "" ? "" : ` ${name}`}${words}`;
  return new KrmError("KRM_API_STATUS", message, { status, hint: hintOf(status.code) });
}

function readStatus({ statusCode, headers, body }: ErrorAnswer): ApiStatus {
  const retryAfterSeconds = readRetryAfter(headers["retry-after"]);
  try {
    const status = decodeStatus(body);
    // The server of an aggregated API may leave the code out of the body.
    const code = status.code >= 400 ? status.code : statusCode;
    return { ...status, code, retryAfterSeconds: retryAfterSeconds ?? status.retryAfterSeconds };
  } catch {
    // Something between here and the API server answered: not a Status, but perhaps words.
    const text = new TextDecoder()
      .decode(body.subarray(0, 2000))
      .replaceAll(/<[^>]*>|\s+/g, " ")
      .trim();
    const message = text === "" ? (STATUS_CODES[statusCode] ?? "an answer without a body") : text.slice(0, 200);
    return { code: statusCode, reason: "", message, retryAfterSeconds };
  }
}

/** Seconds, or an HTTP date (RFC 9110 §10.2.3). */
export function readRetryAfter(
  header: string | string[] | undefined,
  now: number = systemClock.now(),
): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (text === undefined || text === "") return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}

function hintOf(code: number): string | undefined {
  if (code >= 300 && code < 400)
    return "is the server of the kubeconfig an API server, and not a page in front of one?";
  switch (code) {
    case 401:
      return "the API server does not know these credentials, or they have expired: check the user of the kubeconfig's context, or log in again";
    case 403:
      return "grant get, list and watch on this resource to the user or service account";
    default:
      return undefined;
  }
}
