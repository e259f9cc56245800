import type { FastifyReply, FastifyRequest } from "fastify";
import { readQuery } from "../request/query-string.ts";

/** The metrics of this process as text; a `Registry` of prom-client is one. */
export interface MetricsSource {
  readonly contentType: string;
  metrics(): Promise<string>;
}

/** Answers `/metrics`. */
export async function answerMetrics(
  source: MetricsSource,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  readQuery(request.raw.url ?? "", []);
  const text = await source.metrics();
  return reply.header("content-type", source.contentType).send(Buffer.from(text));
}
