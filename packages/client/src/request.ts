import { type Freshness, isErrorBody, type ListScope, parseFreshness, parseScope } from "@krm/protocol";
import { readFile } from "node:fs/promises";
import { KrmClientError, meaningOf } from "./error.ts";
import type { Connection } from "./options.ts";
import { isRetryable, retryAfterOf, retryDelay } from "./retry.ts";

/** How one call may differ from what the client was made with. */
export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that this call may take, with its retries. */
  readonly timeoutMs?: number | undefined;
}

/** A successful answer. */
export interface Answer {
  readonly url: string;
  readonly body: unknown;
  /** Undefined: the answer carried no trust headers. */
  readonly freshness: Freshness | undefined;
  /** Undefined: nothing is said of it. */
  readonly scope: ListScope | undefined;
}

/**
 * Sends a GET and reads its JSON, again where that may help and time allows.
 *
 * @throws KrmClientError of the last attempt; `KRM_CLIENT_TIMEOUT` when the time ran out during one; the reason of `signal`.
 */
export async function request(connection: Connection, path: string, options: CallOptions): Promise<Answer> {
  const { timing } = connection;
  const timeoutMs = options.timeoutMs ?? connection.timeoutMs;
  const url = connection.base + path;
  const deadline = timing.now() + timeoutMs;
  const timeout = timing.timeout(timeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  options.signal?.throwIfAborted();
  let last: KrmClientError | undefined;
  for (let attempt = 0; ; attempt++) {
    try {
      if (attempt > 0) await timing.sleep(retryDelay(attempt - 1, last?.retryAfter, timing.random()), signal);
      return await send(connection, url, signal);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (timeout.aborted) {
        throw new KrmClientError("KRM_CLIENT_TIMEOUT", `no answer from ${url} within ${timeoutMs} ms`, {
          url,
          hint: "raise timeoutMs, or ask for less with a selector or a limit",
          cause: last ?? error,
        });
      }
      if (!(error instanceof KrmClientError) || !isRetryable(error) || attempt >= connection.retries) throw error;
      // What the server asks to wait is longer than the caller will: tell at once, not at the deadline.
      if (timing.now() + (error.retryAfter ?? 0) * 1000 >= deadline) throw error;
      last = error;
    }
  }
}

async function send(connection: Connection, url: string, signal: AbortSignal): Promise<Answer> {
  const headers: Record<string, string> = { accept: "application/json" };
  const token = await tokenOf(connection);
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  let response: Response;
  let text: string;
  try {
    // A redirect could carry the request, though not the token, anywhere: KRM has none to follow.
    response = await connection.fetch(url, { headers, signal, redirect: "manual" });
    text = await response.text();
  } catch (error) {
    if (signal.aborted) throw error;
    throw new KrmClientError("KRM_CLIENT_CONNECTION", `cannot reach ${url}: ${reasonOf(error)}`, {
      url,
      hint: "check that the server runs and that the url names it",
      cause: error,
    });
  }
  const body = parse(text);
  if (!response.ok) throw errorOf(connection, response, url, body);
  if (body === undefined) {
    throw new KrmClientError("KRM_CLIENT_NOT_KRM", `${url} did not answer with JSON`, {
      url,
      status: response.status,
      hint: "check that the url names a KRM server, with the path where it is mounted",
    });
  }
  return { url, body, freshness: parseFreshness(response.headers), scope: parseScope(response.headers) };
}

function errorOf(connection: Connection, response: Response, url: string, parsed: unknown): KrmClientError {
  const body = isErrorBody(parsed) ? parsed : undefined;
  const { status } = response;
  const retryAfter = retryAfterOf(response.headers.get("retry-after"), body, connection.timing.wallClock());
  const { code, hint } = meaningOf(status, body);
  const said = body?.message ?? `HTTP ${status} ${response.statusText}`.trimEnd();
  const freshness = parseFreshness(response.headers);
  return new KrmClientError(code, `${url}: ${said}`, { status, body, url, hint, retryAfter, freshness });
}

async function tokenOf({ token, tokenFile }: Connection): Promise<string | undefined> {
  if (tokenFile === undefined) return token;
  const hint = "name a file that holds the token and that this process may read";
  let read: string;
  try {
    read = (await readFile(tokenFile, "utf8")).trim();
  } catch (cause) {
    throw new KrmClientError("KRM_CLIENT_TOKEN_FILE", `tokenFile cannot be read: ${(cause as Error).message}`, {
      hint,
      cause,
    });
  }
  if (!/^[\x21-\x7e]+$/.test(read))
    throw new KrmClientError("KRM_CLIENT_TOKEN_FILE", `tokenFile ${tokenFile} holds no token, or more than one`, {
      hint,
    });
  return read;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Node's fetch says "fetch failed" and keeps what it knows in `cause`. */
function reasonOf(error: unknown): string {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  if (innermost instanceof AggregateError && innermost.errors[0] instanceof Error) innermost = innermost.errors[0];
  return innermost instanceof Error ? innermost.message : String(innermost);
}
