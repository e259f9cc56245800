import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Http2Stream } from "node:http2";
import { Socket } from "node:net";
import type { FastifyReply } from "fastify";
import { allowSilence, drained, isGone, type Outlet } from "../answer/connection.ts";
import { tellStream } from "../answer/streamed-bytes.ts";
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
  tellStream(raw, sink);
  return sink;
}

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
    await drained(this.#raw, "drain", this.#outlet);
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
