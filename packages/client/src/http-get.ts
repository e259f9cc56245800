import { type ErrorBody, HEADERS, isErrorBody, parseFreshness } from "@krm/protocol";
import { KrmClientError, meaningOf, MOUNT_HINT } from "./error.ts";
import type { Connection } from "./options.ts";
import { retryAfterOf } from "./retry.ts";

/**
 * Sends a GET; resolves when the head of a successful answer is there: with an `etag`, a 304 too.
 *
 * @throws KrmClientError of any other answer, or `KRM_CLIENT_CONNECTION`; what `fetch` throws once the signal has aborted.
 */
export async function get(
  connection: Connection,
  url: string,
  token: string | undefined,
  signal: AbortSignal,
  etag?: string,
): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  if (etag !== undefined) headers["if-none-match"] = etag;
  try {
    // A redirect could carry the request, though not the token, anywhere: KRM has none to follow.
    const response = await connection.fetch(url, { headers, signal, redirect: "manual" });
    if (response.ok || (etag !== undefined && response.status === 304)) {
      if (response.headers.get(HEADERS.forwarded) !== "true") return response;
      await response.body?.cancel();
      throw sentOn(url);
    }
    throw errorOf(connection, response, url, parseJson(await response.text()));
  } catch (error) {
    throw asConnectionError(error, url, signal);
  }
}

/** What a broken connection comes to: its own error, unless it was broken off by the signal, or has been told already. */
export function asConnectionError(error: unknown, url: string, signal: AbortSignal): unknown {
  if (signal.aborted || error instanceof KrmClientError) return error;
  return new KrmClientError("KRM_CLIENT_CONNECTION", `cannot reach ${url}: ${reasonOf(error)}`, {
    url,
    hint: "check that the server runs and that the url names it",
    cause: error,
  });
}

/** What the server does not hold is not the client's to read: nothing says how far it can be trusted. */
function sentOn(url: string): KrmClientError {
  return new KrmClientError("KRM_CLIENT_NOT_FOUND", `${url}: not watched; the server sent the request on`, {
    url,
    hint: "have KRM watch the resource, or ask the API server itself",
  });
}

/** An answer that no KRM server gives. */
export function notKrm(url: string, what: string, status?: number, cause?: unknown): KrmClientError {
  return new KrmClientError("KRM_CLIENT_NOT_KRM", `the answer of ${url} ${what}`, {
    url,
    status,
    cause,
    hint: MOUNT_HINT,
  });
}

/** The value, or undefined where the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function errorOf(connection: Connection, response: Response, url: string, parsed: unknown): KrmClientError {
  const body = isErrorBody(parsed) ? parsed : undefined;
  const { status } = response;
  const retryAfter = retryAfterOf(response.headers.get("retry-after"), body, connection.timing.wallClock());
  const said = body?.message ?? `HTTP ${status} ${response.statusText}`.trimEnd();
  return statusError(url, status, said, { body, retryAfter, freshness: parseFreshness(response.headers) });
}

/** An error that the server tells, with what its code means. */
export function statusError(
  url: string,
  status: number,
  said: string,
  known: Pick<KrmClientError, "retryAfter" | "freshness"> & { readonly body: ErrorBody | undefined },
): KrmClientError {
  const { code, hint } = meaningOf(status, known.body);
  return new KrmClientError(code, `${url}: ${said}`, { status, url, hint, ...known });
}

/** Node's fetch says "fetch failed" and keeps what it knows in `cause`. */
function reasonOf(error: unknown): string {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  if (innermost instanceof AggregateError && innermost.errors[0] instanceof Error) innermost = innermost.errors[0];
  return innermost instanceof Error ? innermost.message : String(innermost);
}
