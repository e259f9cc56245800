import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { HttpError, InfluxDB, type Transport } from "@influxdata/influxdb-client";
import { type Clock, untilAborted } from "@krm/core";
import type { Reply } from "./reply.ts";
import { authorization, type InfluxTarget, redacted, writePath } from "../target.ts";

/** A larger body is sent compressed. */
const GZIP_FROM_BYTES = 1000;
/** Of an answer that is no error; of errors, the client keeps what it needs. */
const MOST_BODY_CHARACTERS = 64 * 1024;
const TIMED_OUT: unique symbol = Symbol("timed out");

/** What an {@link InfluxConnection} needs. */
export interface InfluxConnectionOptions {
  readonly target: InfluxTarget;
  readonly clock: Clock;
  /** For one exchange, from connecting to the end of the answer. */
  readonly timeoutMs: number;
}

/**
 * One exchange at a time with one database, through InfluxData's client. Nothing rejects: what happened is the reply, and
 * nothing is tried twice. The client's own batching, retries, time-outs and log are not used: it forgets lines when it
 * closes, and prints whole errors.
 *
 * An idle connection is kept for the next exchange, and does not keep the process alive. Disposal breaks what there is.
 */
export class InfluxConnection implements Disposable {
  readonly #target: InfluxTarget;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #agent: HttpAgent;
  readonly #transport: Transport;

  constructor({ target, clock, timeoutMs }: InfluxConnectionOptions) {
    this.#target = target;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    const { href, protocol } = new URL(target.url);
    this.#agent = new (protocol === "https:" ? HttpsAgent : HttpAgent)({ keepAlive: true, maxFreeSockets: 1 });
    const header = authorization(target);
    this.#transport = new InfluxDB({
      url: href.replace(/\/+$/, ""),
      headers: header === undefined ? {} : { authorization: header },
      // Its own would not break the connection off, and would run on the machine's clock.
      timeout: undefined as unknown as number,
      transportOptions: { agent: this.#agent },
    }).transport;
  }

  /** Sends the lines as one body. */
  write(lines: readonly string[], signal: AbortSignal): Promise<Reply> {
    return this.#exchange(signal, (signal) => this.#write(lines.join("\n"), signal));
  }

  /** Runs a statement of InfluxQL by POST: it stands in the body, not in a URL that a proxy may log. */
  query(statement: string, signal: AbortSignal): Promise<Reply> {
    return this.#exchange(signal, async (signal) => {
      const headers = { "content-type": "application/x-www-form-urlencoded", accept: "text/plain" };
      const body = new URLSearchParams({ q: statement }).toString();
      let status = 0;
      const text: unknown = await this.#transport.request(
        "/query",
        body,
        { method: "POST", headers, signal },
        (_, code) => {
          status = code ?? 0;
        },
      );
      return { type: "answer", status, body: typeof text === "string" ? text : "", retryAfter: undefined };
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #write(body: string, signal: AbortSignal): Promise<Reply> {
    let status = 204;
    let told = "";
    // The client's WriteApi takes no signal, and does not tell what a 201 says.
    const transport: Transport = {
      chunkCombiner: this.#transport.chunkCombiner,
      request: (path, body, options, started) => this.#transport.request(path, body, options, started),
      iterate: (path, body, options) => this.#transport.iterate(path, body, options),
      send: (path, body, options, callbacks) =>
        this.#transport.send(
          path,
          body,
          { ...options, signal },
          {
            ...callbacks,
            responseStarted: (headers, code) => {
              status = code ?? status;
              callbacks?.responseStarted?.(headers, code);
            },
            next: (chunk: Uint8Array) => {
              if (told.length < MOST_BODY_CHARACTERS) told += Buffer.from(chunk).toString("utf8");
            },
            error: (error) => callbacks?.error?.(error),
            complete: () => callbacks?.complete?.(),
          },
        ),
    };
    const target = this.#target;
    const client = new InfluxDB({ url: target.url, transport });
    const [org, bucket] = target.api === "v2" ? [target.org, target.bucket] : ["", ""];
    const api = client.getWriteApi(org, bucket, "ns", {
      // More than there is: a write that the client begins by itself is one whose end it does not tell.
      batchSize: 2,
      maxBatchBytes: Number.POSITIVE_INFINITY,
      flushInterval: 0,
      maxRetries: 0,
      gzipThreshold: GZIP_FROM_BYTES,
      // Returning a promise keeps the client from printing the error.
      writeFailed: async (error) => {
        throw error;
      },
    });
    if (target.api === "v1") api.path = writePath(target);
    api.writeRecord(body);
    await api.flush();
    return { type: "answer", status, body: told, retryAfter: undefined };
  }

  async #exchange(signal: AbortSignal, work: (signal: AbortSignal) => Promise<Reply>): Promise<Reply> {
    if (signal.aborted) return { type: "aborted" };
    const done = new AbortController();
    const late = new AbortController();
    void this.#clock.sleep(this.#timeoutMs, { signal: done.signal }).then(
      () => late.abort(TIMED_OUT),
      () => {},
    );
    const either = AbortSignal.any([signal, late.signal]);
    try {
      return redactedReply(await untilAborted(work(either), either), this.#target);
    } catch (error) {
      if (signal.aborted) return { type: "aborted" };
      if (late.signal.aborted) return { type: "timeout", ms: this.#timeoutMs };
      return redactedReply(failure(error), this.#target);
    } finally {
      done.abort();
    }
  }
}

function failure(error: unknown): Reply {
  if (error instanceof HttpError) {
    const retryAfter = error.headers?.["retry-after"];
    return {
      type: "answer",
      status: error.statusCode,
      body: error.body ?? "",
      retryAfter: typeof retryAfter === "string" ? retryAfter : undefined,
    };
  }
  // Of several that came together (one for each address) the first tells enough.
  const cause: unknown = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const { code, name, message } = cause as Partial<NodeJS.ErrnoException>;
  return {
    type: "no-answer",
    code: code ?? (name === "AbortError" ? "ECONNRESET" : ""),
    words: message ?? String(error),
  };
}

function redactedReply(reply: Reply, target: InfluxTarget): Reply {
  if (reply.type === "answer") return { ...reply, body: redacted(reply.body, target) };
  return reply.type === "no-answer" ? { ...reply, words: redacted(reply.words, target) } : reply;
}
