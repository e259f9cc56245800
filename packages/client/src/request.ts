import { type Freshness, type ListScope, parseFreshness, parseScope } from "@krm/protocol";
import { KrmClientError } from "./error.ts";
import { asConnectionError, get, notKrm, parseJson } from "./http-get.ts";
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
  const response = await get(connection, url, signal);
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    throw asConnectionError(error, url, signal);
  }
  const body = parseJson(text);
  if (body === undefined) throw notKrm(url, "is no JSON", response.status);
  return { url, body, freshness: parseFreshness(response.headers), scope: parseScope(response.headers) };
}
