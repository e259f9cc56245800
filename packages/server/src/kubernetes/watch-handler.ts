import type { FieldSelector, ListOptions, ObjectView } from "@krm/apimachinery";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Watched } from "../view/catalog.ts";

/** A watch of the Kubernetes API that has been read, checked and let in. */
export interface KubernetesWatch {
  /** The resource, and the scopes whose union is its view. */
  readonly watched: Watched;
  /** Undefined: all that are watched. */
  readonly namespace: string | undefined;
  /** `watch` or the path asked for it; its combinations are checked. */
  readonly options: ListOptions;
  /** Of fields that the resource has; the name in an old path `/watch/…/NAME` is one of its terms. */
  readonly fields: FieldSelector;
  readonly view: ObjectView;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/**
 * Answers a watch: sends the reply, or rejects with a StatusError before its headers are sent, to which how far the view
 * can be trusted is then added.
 */
export type KubernetesWatchHandler = (watch: KubernetesWatch) => Promise<FastifyReply>;
