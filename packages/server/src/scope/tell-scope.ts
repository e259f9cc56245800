import { resourceName } from "@krm/core";
import { formatScope, formatWarning, HEADERS } from "@krm/protocol";
import type { FastifyReply } from "fastify";
import type { Watched } from "../view/catalog.ts";
import type { ListGrant } from "./list-grant.ts";

/** Warns that a list of all namespaces is of those that are watched alone. */
export function tellPart({ resource, scopes }: Watched, namespace: string | undefined, reply: FastifyReply): void {
  if (namespace !== undefined || !resource.namespaced || scopes.some((scope) => scope.namespace === undefined)) return;
  const count = scopes.length;
  const of = `only those in the ${count} namespace${count === 1 ? "" : "s"} in which they are watched here`;
  addWarning(reply, `${resourceName(resource)}: ${of}`);
}

/** Puts on an answer how much of the list it holds, where less than all was asked for: after how far it can be trusted. */
export function tellScope({ scope, watched }: ListGrant, reply: FastifyReply): void {
  if (scope === undefined) return;
  reply.headers(formatScope(scope));
  if (scope.type === "all") return;
  const name = resourceName(watched.resource);
  // The same words whether there are others or not.
  const from =
    scope.namespaces === 0
      ? "there is none in a namespace in which you may list them"
      : `only those in the ${scope.namespaces} namespace${scope.namespaces === 1 ? "" : "s"} in which you may list them`;
  addWarning(reply, `${name}: ${from} (scope=accessible)`);
}

function addWarning(reply: FastifyReply, text: string): void {
  const before = reply.getHeader(HEADERS.warning) ?? [];
  reply.header(HEADERS.warning, [...[before].flat().map(String), formatWarning(text)]);
}
