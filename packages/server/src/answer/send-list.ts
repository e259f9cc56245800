import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ListBytes } from "../body/list-bytes.ts";
import { drained } from "./connection.ts";

/** A list up to this size is put together and sent as one. Bytes. */
const SMALL = 64 * 1024;

/** Chunks handed to the socket at once: as many as the system takes in one call. */
const BATCH = 1024;

/**
 * Sends a list. A long one goes out as the stored bytes themselves, gathered by the system and not copied here, in
 * batches at the pace of the reader; `onSend` hooks do not see it. Ends early, without an error, when the reader leaves.
 */
export async function sendList(
  request: FastifyRequest,
  reply: FastifyReply,
  list: ListBytes,
  contentType: string = "application/json",
): Promise<FastifyReply> {
  reply.header("content-type", contentType).header("content-length", String(list.length));
  if (request.method === "HEAD") return reply.send();
  if (list.length <= SMALL) return reply.send(Buffer.concat([...list.chunks()], list.length));
  // HTTP/2 frames what it sends, and gathers nothing.
  if (request.raw.httpVersionMajor === 2) return reply.send(Readable.from(list.chunks()));
  reply.hijack();
  reply.raw.writeHead(reply.statusCode, reply.getHeaders() as OutgoingHttpHeaders);
  await writeBatches(reply.raw, list.chunks());
  return reply;
}

async function writeBatches(raw: ServerResponse, chunks: Iterator<Uint8Array, void>): Promise<void> {
  let next = chunks.next();
  while (next.done !== true) {
    if (raw.destroyed) return;
    let room = true;
    raw.cork();
    for (let count = 0; count < BATCH && next.done !== true; count += 1) {
      room = raw.write(next.value);
      next = chunks.next();
    }
    raw.uncork();
    if (!room) await drained(raw, "drain");
  }
  raw.end();
}
