import type { FastifyReply } from "fastify";

/** Says that the answer depends on one more header of the request. */
export function addVary(reply: FastifyReply, header: string): void {
  const before = reply.getHeader("vary");
  reply.header("vary", typeof before === "string" && before !== "" ? `${before}, ${header}` : header);
}
