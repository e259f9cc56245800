import { type Freshness, parseFreshness } from "@krm/protocol";
import { bearerToken, newerToken } from "../bearer-token.ts";
import { KrmClientError } from "../error.ts";
import { asConnectionError, get, notKrm, statusError } from "../http-get.ts";
import type { Connection } from "../options.ts";
import { retryAfterOf } from "../retry.ts";
import { LineSplitter, UnreadableLine } from "./line-splitter.ts";
import { parseFrame, type WatchFrame } from "./watch-frame.ts";
import { Watchdog } from "./watchdog.ts";

/** A server sends a bookmark each minute; what says nothing for so long is dead. Milliseconds. */
const SILENCE_MS = 90_000;
/** etcd holds objects of 1.5 MiB; as JSON they are larger. Bytes. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;

/** Any frame but ERROR, which is thrown. */
export type ToldFrame = Exclude<WatchFrame, { readonly type: "error" }>;

/**
 * One request that watches. Reads as it is asked for the next frame, and holds one chunk and the beginning of one line
 * at most. Must be closed.
 */
export class WatchConnection {
  readonly #connection: Connection;
  readonly #url: string;
  readonly #over = new AbortController();
  readonly #watchdog: Watchdog;
  readonly #signal: AbortSignal;
  #token: string | undefined;

  constructor(connection: Connection, url: string, signal: AbortSignal) {
    this.#connection = connection;
    this.#url = url;
    this.#watchdog = new Watchdog(connection.timing, SILENCE_MS);
    this.#signal = AbortSignal.any([signal, this.#over.signal, this.#watchdog.signal]);
    void this.#watchdog.run(this.#over.signal);
  }

  /** It was broken off because nothing came for too long. */
  get isSilent(): boolean {
    return this.#watchdog.signal.aborted;
  }

  /** Whether another token is to be asked with by now than this connection's. */
  async hasNewerToken(): Promise<boolean> {
    return (await newerToken(this.#connection, this.#token)) !== undefined;
  }

  /** Breaks it off. */
  close(): void {
    this.#over.abort();
  }

  /** The error of a connection that is over too early. */
  broke(how: string, cause?: unknown): KrmClientError {
    return new KrmClientError("KRM_CLIENT_CONNECTION", `${this.#url}: ${how}`, {
      url: this.#url,
      hint: "look at what stands between here and the server",
      cause,
    });
  }

  /** Resolves when the server has begun to answer. */
  async open(): Promise<{
    readonly freshness: Freshness;
    readonly frames: AsyncGenerator<ToldFrame, void, undefined>;
  }> {
    this.#token = await bearerToken(this.#connection);
    const response = await this.#heard(get(this.#connection, this.#url, this.#token, this.#signal));
    const contentType = response.headers.get("content-type") ?? "nothing that is named";
    if (response.body === null || !/^application\/json\b/.test(contentType))
      throw notKrm(this.#url, `is ${contentType}, and no watch`, response.status);
    const freshness = parseFreshness(response.headers);
    if (freshness === undefined) throw notKrm(this.#url, "does not say how far it can be trusted");
    return { freshness, frames: this.#frames(response.body.getReader()) };
  }

  /**
   * Ends when the server ends it in good order. Half a line at the end tells nothing, and so nothing is lost with it.
   *
   * @throws KrmClientError
   */
  async *#frames(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<ToldFrame, void, undefined> {
    const lines = new LineSplitter(MAX_LINE_BYTES);
    try {
      for (;;) {
        const { done, value } = await this.#heard(unlessAborted(reader.read(), this.#signal));
        if (done) break;
        try {
          for (const line of lines.push(value)) {
            const frame = parseFrame(line);
            if (frame.type === "error") throw this.#failed(frame);
            yield frame;
          }
        } catch (error) {
          if (!(error instanceof UnreadableLine)) throw error;
          throw new KrmClientError("KRM_CLIENT_FRAME", `${this.#url}: ${error.message}`, {
            url: this.#url,
            hint: "look at what stands between here and the server",
            cause: error,
          });
        }
      }
    } finally {
      // A body of Deno, which was aborted while nobody read it, stays open.
      reader.cancel().catch(() => {});
    }
    if (lines.pending > 0) throw this.broke("the watch ended within a line");
  }

  #failed({ status }: Extract<WatchFrame, { readonly type: "error" }>): KrmClientError {
    const retryAfter = retryAfterOf(null, status, 0);
    return statusError(this.#url, status.code, status.message, { body: status, retryAfter, freshness: undefined });
  }

  async #heard<T>(work: Promise<T>): Promise<T> {
    try {
      return await this.#watchdog.watch(work);
    } catch (error) {
      if (this.isSilent) throw this.broke(`nothing came for ${SILENCE_MS / 1000} s`, error);
      throw asConnectionError(error, this.#url, this.#signal);
    }
  }
}

/** Rejects with the signal's reason as soon as it aborts. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
