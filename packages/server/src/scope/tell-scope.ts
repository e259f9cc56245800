import { resourceName } from "@krm/core";
import { formatScope, formatWarning, HEADERS } from "@krm/protocol";
import type { FastifyReply } from "fastify";
import type { ListGrant } from "./list-grant.ts";

/** Puts on an answer how much of the list it holds, where less than all was asked for: after how far it can be trusted. */
export function tellScope({ scope, watched }: ListGrant, reply: FastifyReply): void {
  if (scope === undefined) return;
  reply.headers(formatScope(scope));
  if (scope.type === "all") return;
  const before = reply.getHeader(HEADERS.warning) ?? [];
  const name = resourceName(watched.resource);
  // The same words whether there are others or not.
  const from =
    scope.namespaces === 0
      ? "there is none in a namespace in which you may list them"
      : `only those in the ${scope.namespaces} namespace${scope.namespaces === 1 ? "" : "s"} in which you may list them`;
  const warning = formatWarning(`${name}: ${from} (scope=accessible)`);
  reply.header(HEADERS.warning, [...[before].flat().map(String), warning]);
}
