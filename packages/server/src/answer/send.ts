import type { StatusError } from "@krm/apimachinery";
import type { FastifyReply } from "fastify";

/** As the API server writes it: JSON is UTF-8 and needs no charset. */
const JSON_TYPE = "application/json";

/** Sends a small JSON document. */
export function sendJson(reply: FastifyReply, body: unknown, contentType: string = JSON_TYPE): FastifyReply {
  return reply.header("content-type", contentType).send(Buffer.from(`${JSON.stringify(body)}\n`));
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
