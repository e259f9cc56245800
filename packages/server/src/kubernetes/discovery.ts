import {
  aggregatedAs,
  aggregatedContentType,
  categoriesOf,
  type DiscoveryDocuments,
  discoveryDocuments,
  goYaml,
  inGroupOrder,
  negotiate,
  type Representation,
} from "@krm/apimachinery";
import type { FastifyReply, FastifyRequest } from "fastify";
import { sendJson } from "../answer/send.ts";
import { addVary } from "../answer/vary.ts";
import type { Watched } from "../view/catalog.ts";

/** What can be done here with every resource. */
const VERBS = ["get", "list", "watch"];

/**
 * Answers a discovery path with what is watched; undefined: it is none.
 *
 * @throws StatusError 406
 */
export function answerDiscovery(
  watched: readonly Watched[],
  path: string,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply | undefined {
  const { aggregated, plain } = documentsOf(watched, request.host === "" ? undefined : request.host);
  const root = aggregated.get(path);
  const document = plain.get(path);
  if (document === undefined) return undefined;
  const { accept } = request.headers;
  if (root === undefined) {
    return sendDocument(reply, document, negotiate(accept, { endpoint: "plain" }));
  }
  const representation = negotiate(accept, { endpoint: "discovery", betaDiscovery: true });
  if (representation.type !== "api-group-discovery-list") return sendDocument(reply, document, representation);
  const { version } = representation;
  addVary(reply, "Accept");
  return sendJson(reply, aggregatedAs(root, version), aggregatedContentType(version));
}

function sendDocument(reply: FastifyReply, document: object, { type }: Representation): FastifyReply {
  if (type !== "yaml") return sendJson(reply, document);
  return reply.header("content-type", "application/yaml").send(Buffer.from(goYaml(document)));
}

function documentsOf(watched: readonly Watched[], serverAddress: string | undefined): DiscoveryDocuments {
  const resources = watched.map(({ resource: type }) => ({ type, verbs: VERBS, categories: categoriesOf(type) }));
  return discoveryDocuments(inGroupOrder(resources), { serverAddress });
}
