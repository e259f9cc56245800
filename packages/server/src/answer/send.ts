import { Readable } from "node:stream";
import type { StatusError } from "@krm/apimachinery";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { ListBytes } from "../body/list-bytes.ts";

/** As the API server writes it: JSON is UTF-8 and needs no charset. */
const JSON_TYPE = "application/json";

/** Sends a list: at once when it is small, else piece by piece, as fast as the reader takes it. */
export function sendList(request: FastifyRequest, reply: FastifyReply, list: ListBytes): FastifyReply {
  reply.header("content-type", JSON_TYPE).header("content-length", String(list.length));
  if (request.method === "HEAD") return reply.send();
  const pieces = list.pieces();
  const first = pieces.next().value ?? Buffer.alloc(0);
  if (first.length === list.length) return reply.send(first);
  return reply.send(Readable.from(rest(first, pieces), { objectMode: false, highWaterMark: 1 }));
}

function* rest(first: Buffer, pieces: Iterable<Buffer>): Generator<Buffer, void, undefined> {
  yield first;
  yield* pieces;
}

/** Sends a small JSON document. */
export function sendJson(reply: FastifyReply, body: unknown): FastifyReply {
  return reply.header("content-type", JSON_TYPE).send(Buffer.from(`${JSON.stringify(body)}\n`));
}

/** Sends text for people. */
export function sendText(reply: FastifyReply, text: string): FastifyReply {
  return reply.header("content-type", "text/plain; charset=utf-8").send(Buffer.from(text));
}

/** Sends an error as a Kubernetes Status. */
export function sendStatus(reply: FastifyReply, error: StatusError): FastifyReply {
  const { status, retryAfterSeconds } = error;
  if (retryAfterSeconds !== undefined) reply.header("retry-after", String(retryAfterSeconds));
  return sendJson(reply.code(status.code), status);
}
