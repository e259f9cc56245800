import { PAGE_NOT_FOUND, StatusError, versionInfo } from "@krm/apimachinery";
import { formatWarning, hasCause, HEADERS, KUBERNETES_PATHS } from "@krm/protocol";
import type { FastifyReply, FastifyRequest } from "fastify";
import { sendJson, sendText } from "../answer/send.ts";
import type { ForwardOptions } from "../forwarding/forwarding.ts";
import type { KubernetesContext } from "./context.ts";
import type { Watched } from "../view/catalog.ts";
import { answerDiscovery } from "./discovery.ts";

/** Sends the request on; resolves when the answer is over. */
export type Send = (options?: ForwardOptions) => Promise<void>;

/** What the API server does not answer by then is answered here, while the reader still waits. Milliseconds. */
const WITHIN = 5000;

const ONLY_OWN = "this tells only of what KRM itself holds";

/** Why a document is KRM's own. */
const WARNINGS = {
  ApiServerUnavailable: `the API server does not answer: ${ONLY_OWN}`,
  NotForwarded: `a client certificate cannot be sent on to the API server: ${ONLY_OWN}`,
} as const;

/**
 * Answers a path of the Kubernetes API that is no resource: its version, discovery, schemas. Where requests can be sent on,
 * that tells what the API server has; while it does not answer, what is held here, with a warning, and an error for the rest.
 */
export async function answerDocument(
  context: KubernetesContext,
  path: string,
  request: FastifyRequest,
  reply: FastifyReply,
  send: Send | undefined,
): Promise<FastifyReply> {
  if (send === undefined) {
    return (
      ownDocument(await watchedFor(context, path), path, request, reply) ?? sendText(reply.code(404), PAGE_NOT_FOUND)
    );
  }
  const failed = await sent(send);
  if (failed === undefined) return reply;
  const watched = await watchedFor(context, path);
  reply.header(HEADERS.warning, formatWarning(WARNINGS[failed.why]));
  const own = ownDocument(watched, path, request, reply);
  if (own !== undefined) return own;
  reply.removeHeader(HEADERS.warning);
  throw failed.error;
}

interface Failed {
  readonly why: keyof typeof WARNINGS;
  readonly error: StatusError;
}

/** Undefined, or why the API server has not answered. */
async function sent(send: Send): Promise<Failed | undefined> {
  try {
    await send({ withinMs: WITHIN, refuseAway: true });
    return undefined;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    if (hasCause(error.status, "ApiServerUnavailable")) return { why: "ApiServerUnavailable", error };
    if (hasCause(error.status, "NotForwarded")) return { why: "NotForwarded", error };
    throw error;
  }
}

/** @throws StatusError 503 while nothing is watched, unless the path tells nothing of it. */
async function watchedFor({ catalog }: KubernetesContext, path: string): Promise<readonly Watched[]> {
  const { core, groups } = KUBERNETES_PATHS;
  return path.startsWith(core) || path.startsWith(groups) ? catalog.watched() : [];
}

function ownDocument(
  watched: readonly Watched[],
  path: string,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply | undefined {
  if (path === KUBERNETES_PATHS.version) return sendJson(reply, versionInfo("krm"));
  return answerDiscovery(watched, path, request, reply);
}
