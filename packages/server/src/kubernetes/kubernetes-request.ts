import type { FastifyReply, FastifyRequest } from "fastify";
import type { Watched } from "../view/catalog.ts";

/** A request for objects of a resource that is watched. */
export interface KubernetesRequest {
  readonly watched: Watched;
  /** Undefined: all that are watched. */
  readonly namespace: string | undefined;
  readonly query: URLSearchParams;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}
