import { type Freshness, type ListScope, parseFreshness, parseScope } from "@krm/protocol";
import { bearerToken, newerToken } from "./bearer-token.ts";
import { KrmClientError } from "./error.ts";
import { asConnectionError, get, notKrm } from "./http-get.ts";
import type { Connection } from "./options.ts";
import { isRetryable, retryDelay } from "./retry.ts";

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
  /** The HTTP status. */
  readonly status: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The bytes stay here for the next time: who hands them out copies them. */
  readonly isKept: boolean;
  /** Undefined: the answer carried no trust headers. */
  readonly freshness: Freshness | undefined;
  /** Undefined: nothing is said of it. */
  readonly scope: ListScope | undefined;
}

/**
 * Sends a GET and reads its answer, again where that may help and time allows. A token that was refused is followed by the
 * one that its file holds by then, if it is another.
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
  const token = await bearerToken(connection);
  try {
    return await sendWith(token, connection, url, signal);
  } catch (error) {
    if (!(error instanceof KrmClientError) || error.status !== 401) throw error;
    const newer = await newerToken(connection, token);
    if (newer === undefined) throw error;
    return sendWith(newer, connection, url, signal);
  }
}

async function sendWith(
  token: string | undefined,
  connection: Connection,
  url: string,
  signal: AbortSignal,
): Promise<Answer> {
  const kept = isLaterPage(url) ? undefined : connection.kept;
  const known = kept?.of(url, token);
  const response = await get(connection, url, token, signal, known?.etag);
  const { status } = response;
  const told = { url, status, freshness: parseFreshness(response.headers), scope: parseScope(response.headers) };
  if (known !== undefined && status === 304) return { ...told, bytes: known.bytes, isKept: true };
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw asConnectionError(error, url, signal);
  }
  const etag = response.headers.get("etag");
  const isKept = kept !== undefined && etag !== null && told.freshness !== undefined;
  if (isKept) kept.keep(url, token, { etag, bytes });
  return { ...told, bytes, isKept };
}

/** Each chain of pages has tokens of its own, so that such a URL is not asked for again. */
function isLaterPage(url: string): boolean {
  return new URL(url).searchParams.has("continue");
}

/** The JSON of an answer. @throws KrmClientError `KRM_CLIENT_NOT_KRM`, also for what is no UTF-8, or more than a text can hold */
export function jsonOf({ bytes, status, url }: Answer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch (cause) {
    throw notKrm(url, "is no JSON", status, cause);
  }
}
