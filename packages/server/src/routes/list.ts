import { versionExpired } from "@krm/apimachinery";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type ResourceType, resourceName } from "@krm/core";
import { sendList } from "../answer/send-list.ts";
import { takeList, type TakeListContext } from "../answer/take-list.ts";
import { tellTrust } from "../answer/tell-trust.ts";
import type { Access } from "../auth/access.ts";
import { flatListAttributes, namespaceIn } from "../auth/access-attributes.ts";
import { listBytes } from "../body/list-bytes.ts";
import { type ListRequest, readListRequest } from "../request/list-request.ts";
import { lookUps } from "../selection/selection.ts";
import { grantList, type ListGrant } from "../scope/list-grant.ts";
import type { Catalog } from "../view/catalog.ts";
import { type ViewRequest, versionsOf } from "../view/list-view.ts";
import { readPageToken, writeInconsistentToken } from "../view/page-token.ts";
import type { View } from "../view/view.ts";

/** What lists are made from. */
export interface ListContext extends TakeListContext {
  readonly catalog: Catalog;
  /** Who may read what. */
  readonly access: Access;
}

/** Answers a flat list: `GET /pods?namespace=team-a`. An error, too, tells how far the view can be trusted. */
export async function answerList(
  context: ListContext,
  name: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const target = request.raw.url ?? "";
  const watched = await context.catalog.find(name);
  const { resource } = watched;
  const { asked, wants, wrong } = understand(target, resource);
  const attributes = flatListAttributes(resource, asked, target);
  // Before what is wrong with the request, too: that comes with how far the view can be trusted.
  const refusal = await context.access.refusal(request, attributes);
  const accessible = asksForLess(asked, target);
  if (refusal !== undefined && !accessible) throw refusal;
  if (refusal !== undefined && wants === undefined) throw wrong;
  const grant: ListGrant =
    wants === undefined
      ? { scope: undefined, watched, within: undefined }
      : await grantList(context, {
          watched,
          wants,
          accessible: asked.accessible,
          attributes,
          refusal,
          request,
        });
  try {
    if (wants === undefined) throw wrong;
    return await answer(context, grant, { asked, wants: { ...wants, within: grant.within } }, request, reply);
  } catch (error) {
    const namespace = asked === undefined ? namespaceIn(target, resource) : asked.namespace;
    await tellTrust(error, reply, context, grant.watched, namespace === "" ? undefined : namespace);
    throw error;
  }
}

type Understood =
  | { readonly asked: ListRequest; readonly wants: WithoutGrant; readonly wrong?: never }
  | { readonly asked: ListRequest | undefined; readonly wants?: never; readonly wrong: unknown };

type WithoutGrant = Omit<ViewRequest, "within">;

function understand(target: string, resource: ResourceType): Understood {
  let asked: ListRequest | undefined;
  try {
    asked = readListRequest(target, resource);
    return { asked, wants: viewRequest(asked, resource) };
  } catch (wrong) {
    return { asked, wrong };
  }
}

/** Whether somebody who may not list all that they ask for may be content with less. */
function asksForLess(asked: ListRequest | undefined, target: string): boolean {
  if (asked !== undefined) return asked.accessible && asked.namespace === undefined;
  const query = new URLSearchParams(target.slice(target.indexOf("?") + 1));
  return query.get("scope") === "accessible" && (query.get("namespace") ?? "") === "";
}

async function answer(
  context: ListContext,
  grant: ListGrant,
  { asked, wants }: { readonly asked: ListRequest; readonly wants: ViewRequest },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { resource } = grant.watched;
  const tag = [resourceName(resource), request.raw.url ?? ""];
  const list = { grant, wants, selection: asked, limit: asked.limit, tag, keyInToken: (key: string) => key };
  const taken = await takeList(context, list, request, reply);
  if (taken === undefined) return reply.code(304).send();
  return sendList(request, reply, listBytes(resource, taken.metadata, taken.items));
}

function viewRequest(asked: ListRequest, resource: ResourceType): WithoutGrant {
  const { name, namespace, resourceVersion, maxStaleness, match } = asked;
  return {
    name,
    namespace,
    where: lookUps(asked, resource),
    continue: asked.continue === undefined ? undefined : readPageToken(asked.continue),
    resourceVersion,
    match,
    maxStaleness,
    tooOld: ({ parts }, version) => versionExpired(whatElse(parts, version)),
    rest: writeInconsistentToken,
  };
}

/** What can be had instead of an exact version that is gone. */
function whatElse(parts: View["parts"], version: string): string {
  const versions = versionsOf(parts);
  const exact =
    versions.length === 1
      ? `the view is at ${versions.join()}, the only version that can be had exactly`
      : "the views of the namespaces are at different versions; ask for one namespace";
  return `${exact}; for ${version} or newer leave out resourceVersionMatch=Exact`;
}
