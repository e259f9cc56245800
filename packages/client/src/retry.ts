import { type ErrorBody, hasCause } from "@krm/protocol";
import type { KrmClientError } from "./error.ts";

const FIRST_MS = 200;
const LONGEST_MS = 5000;
/** The longest that a server is let make this client wait. Milliseconds. */
const LONGEST_ASKED_MS = 3_600_000;

/**
 * Whether asking again may help: after connection errors, 408, 429, and 503 unless the server says that waiting alone brings
 * nothing. Every request of this client is a GET, so that repeating one is safe.
 */
export function isRetryable(error: KrmClientError): boolean {
  if (error.code === "KRM_CLIENT_CONNECTION") return true;
  if (error.status === 408 || error.status === 429) return true;
  return error.status === 503 && !(error.body !== undefined && hasCause(error.body, "ViewUnavailable"));
}

/**
 * Whether a watch goes on after it, as often as it comes: all that does not say that this watch, or this reader, is
 * wrong. After 410 it begins anew.
 */
export function isTransient({ code, status }: KrmClientError): boolean {
  if (code === "KRM_CLIENT_CONNECTION" || code === "KRM_CLIENT_EXPIRED") return true;
  return status === 408 || status === 429 || (status !== undefined && status >= 500);
}

/**
 * Milliseconds to wait before the next attempt: any time up to a limit that doubles with each attempt (0 is the first)
 * up to `longestMs`, and on top of what the server asks for, of which an hour counts at most.
 */
export function retryDelay(
  attempt: number,
  retryAfter: number | undefined,
  random: number,
  longestMs: number = LONGEST_MS,
): number {
  const jitter = random * Math.min(longestMs, FIRST_MS * 2 ** attempt);
  return Math.ceil(Math.min(LONGEST_ASKED_MS, (retryAfter ?? 0) * 1000) + jitter);
}

/** Seconds that a server asks to wait: its `Retry-After` (seconds, or a date), else what the body says. */
export function retryAfterOf(
  header: string | null,
  body: ErrorBody | undefined,
  wallClock: number,
): number | undefined {
  if (header !== null) {
    if (/^\d+$/.test(header)) return Number(header);
    const date = Date.parse(header);
    if (!Number.isNaN(date)) return Math.max(0, (date - wallClock) / 1000);
  }
  const said: unknown = body?.details?.retryAfterSeconds;
  return typeof said === "number" && said >= 0 ? said : undefined;
}
