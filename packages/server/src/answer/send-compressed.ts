import { pipeline, Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { acceptsGzip, GZIP_LEVEL, GZIP_THRESHOLD_BYTES } from "@krm/apimachinery";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { CompressedObjects } from "../body/compressed-objects.ts";
import type { ListBytes } from "../body/list-bytes.ts";
import { addVary } from "./vary.ts";
import { sendList } from "./send-list.ts";

/** Handed to zlib or the socket at once, at least: each piece is a way to its thread, or to the system. Bytes. */
const PIECE = 256 * 1024;

/**
 * Sends a list; a long one compressed where the reader takes that, as the API server does. Stored objects are compressed
 * once, whoever asks for them.
 */
export async function sendCompressed(
  request: FastifyRequest,
  reply: FastifyReply,
  list: ListBytes,
  compressed: CompressedObjects,
  contentType: string = "application/json",
): Promise<FastifyReply> {
  if (list.length < GZIP_THRESHOLD_BYTES) return sendList(request, reply, list, contentType);
  addVary(reply, "Accept-Encoding");
  const { "accept-encoding": accepted } = request.headers;
  if (!acceptsGzip(typeof accepted === "string" ? accepted : undefined))
    return sendList(request, reply, list, contentType);
  reply.header("content-type", contentType).header("content-encoding", "gzip");
  if (request.method === "HEAD") return reply.send();
  if (list.objects !== undefined) {
    return reply.send(Readable.from(inPieces(compressed.gzip(list.objects)), { objectMode: false }));
  }
  const gzip = createGzip({ level: GZIP_LEVEL });
  // A reader who leaves ends both; nobody else is there to hear of it.
  pipeline(Readable.from(inPieces(list.chunks())), gzip, () => {});
  return reply.send(gzip);
}

async function* inPieces(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer, void, undefined> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    length += chunk.byteLength;
    if (length < PIECE) continue;
    yield Buffer.concat(waiting, length);
    waiting = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(waiting, length);
}
