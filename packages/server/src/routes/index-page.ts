import type { FastifyReply, FastifyRequest } from "fastify";
import { resourceName } from "@krm/core";
import { KUBERNETES_PATHS } from "@krm/protocol";
import { sendText } from "../answer/send.ts";
import { readQuery } from "../request/query-string.ts";
import type { Catalog } from "../view/catalog.ts";

/** Answers `/`: what there is to read. */
export async function answerIndex(
  catalog: Catalog,
  { prefix, paths }: { readonly prefix: string; readonly paths: readonly string[] },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  readQuery(request.raw.url ?? "", []);
  const scopes = await catalog.scopes();
  const resources = [...new Set(scopes.map((scope) => resourceName(scope.resource)))];
  const lines = [
    "KRM, the Kubernetes Resource Monitor",
    "",
    resources.length === 0 ? "Nothing is watched yet." : "Watched resources:",
    ...resources.map((name) => `  ${prefix}/${name}`),
    "",
    "The same as kubectl and client libraries read it:",
    ...[KUBERNETES_PATHS.core, KUBERNETES_PATHS.groups].map((path) => `  ${prefix}${path}`),
    "",
    "About the server:",
    ...paths.map((path) => `  ${prefix}${path}`),
    "",
  ];
  return sendText(reply, lines.join("\n"));
}
