import { pipeline, Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { acceptsGzip, GZIP_LEVEL, GZIP_THRESHOLD_BYTES } from "@krm/apimachinery";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ListBytes } from "../body/list-bytes.ts";
import { addVary } from "./vary.ts";
import { sendList } from "./send-list.ts";

/** Handed to zlib at once, at least: each piece is a way to its thread and back. Bytes. */
const PIECE = 256 * 1024;

/** Sends a list; a long one compressed where the reader takes that, as the API server does. */
export async function sendCompressed(
  request: FastifyRequest,
  reply: FastifyReply,
  list: ListBytes,
  contentType: string = "application/json",
): Promise<FastifyReply> {
  if (list.length < GZIP_THRESHOLD_BYTES) return sendList(request, reply, list, contentType);
  addVary(reply, "Accept-Encoding");
  const { "accept-encoding": accepted } = request.headers;
  if (!acceptsGzip(typeof accepted === "string" ? accepted : undefined))
    return sendList(request, reply, list, contentType);
  reply.header("content-type", contentType).header("content-encoding", "gzip");
  if (request.method === "HEAD") return reply.send();
  const gzip = createGzip({ level: GZIP_LEVEL });
  // A reader who leaves ends both; nobody else is there to hear of it.
  pipeline(Readable.from(pieces(list)), gzip, () => {});
  return reply.send(gzip);
}

function* pieces(list: ListBytes): Generator<Buffer, void, undefined> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for (const chunk of list.chunks()) {
    waiting.push(chunk);
    length += chunk.byteLength;
    if (length < PIECE) continue;
    yield Buffer.concat(waiting, length);
    waiting = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(waiting, length);
}
