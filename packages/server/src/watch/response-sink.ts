import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Http2Stream } from "node:http2";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import type { FastifyReply } from "fastify";
import { allowSilence, isGone } from "../answer/connection.ts";
import type { WatchSink } from "./watch-sink.ts";

const LINE_END = Buffer.from("\r\n");

/** Takes a reply out of Fastify's hands, and begins a watch stream on it with the headers that it has. */
export function beginStream(reply: FastifyReply): WatchSink {
  reply.hijack();
  return streamTo(reply.raw, reply.getHeaders() as OutgoingHttpHeaders);
}

/**
 * Begins a watch stream on a response, over HTTP/1.1 or HTTP/2. The headers leave at once, so that a reader of a quiet
 * resource knows that it is watching.
 */
export function streamTo(raw: ServerResponse, headers: OutgoingHttpHeaders = {}): WatchSink {
  if (!isGone(raw)) {
    raw.writeHead(200, { ...headers, "cache-control": "no-cache, private", "content-type": "application/json" });
    raw.flushHeaders();
  }
  const sink = new ResponseSink(raw);
  streams.set(raw, sink);
  return sink;
}

/** What is told of a stream: the bytes that were sent of it, without the frames of HTTP. */
type Told = Pick<ResponseSink, "sent">;

const streams = new WeakMap<ServerResponse, Told>();

/** Says that a response is a stream, which goes on until somebody ends it. */
export function tellStream(raw: ServerResponse, told: Told): void {
  streams.set(raw, told);
}

/** What was sent of the stream on a response, without the frames of HTTP; undefined: it has none. Where the reader left: at most. */
export function streamedBytes(raw: ServerResponse): number | undefined {
  return streams.get(raw)?.sent;
}

/** Resolves when nothing of a response is left here: it was handed to the system whole, or its client is gone. */
export async function untilClosed(raw: ServerResponse): Promise<void> {
  if (isGone(raw)) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  raw.once("close", resolve);
  await promise;
}

/** What the pieces of one stream go through: a response, its HTTP/2 stream, or the socket below both. */
type Outlet = Pick<Writable, "write" | "writableLength" | "writableNeedDrain" | "once" | "off">;

/** A response whose head was sent, or whose client is gone. */
class ResponseSink implements WatchSink {
  readonly #raw: ServerResponse;
  readonly #outlet: Outlet;
  readonly #framed: (bytes: Buffer) => Buffer;
  readonly #closed = new AbortController();
  #written = 0;
  /** What was thrown away. */
  #unsent = 0;

  constructor(raw: ServerResponse) {
    const { chunkedEncoding, socket } = raw;
    this.#raw = raw;
    allowSilence(raw);
    if ("stream" in raw) {
      this.#outlet = raw.stream as Http2Stream;
    } else if (socket instanceof Socket) {
      // Node would frame every piece for every reader, and hand the parts to the system one by one.
      this.#outlet = chunkedEncoding ? socket : raw;
    } else {
      this.#outlet = raw;
    }
    this.#framed = this.#outlet === socket ? chunkOf : (bytes) => bytes;
    // What goes wrong ends in "close" too.
    raw.on("error", () => {});
    raw.once("close", () => this.#closed.abort());
    if (isGone(raw)) this.#closed.abort();
  }

  get sent(): number {
    return Math.max(0, this.#written - this.#unsent);
  }

  get waiting(): number {
    return this.#outlet.writableLength;
  }

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  write(bytes: Buffer): void {
    if (this.#closed.signal.aborted) return;
    this.#written += bytes.length;
    this.#outlet.write(this.#framed(bytes));
  }

  async drained(): Promise<void> {
    if (!this.#outlet.writableNeedDrain || this.#closed.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => resolve();
    this.#outlet.once("drain", done);
    this.#raw.once("close", done);
    await promise;
    this.#outlet.off("drain", done);
    this.#raw.off("close", done);
  }

  end(): void {
    if (!this.#closed.signal.aborted) this.#raw.end();
  }

  destroy(): void {
    this.#unsent = this.waiting;
    this.#raw.destroy();
  }
}

const chunks = new WeakMap<Buffer, Buffer>();

/** A piece as a chunk of HTTP/1.1: made once for all readers who get it. */
function chunkOf(bytes: Buffer): Buffer {
  let chunk = chunks.get(bytes);
  if (chunk === undefined) {
    chunk = Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, LINE_END]);
    chunks.set(bytes, chunk);
  }
  return chunk;
}
