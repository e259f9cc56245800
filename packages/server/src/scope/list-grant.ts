import type { StatusError } from "@krm/apimachinery";
import { resourceName, type Store } from "@krm/core";
import type { ListScope } from "@krm/protocol";
import type { FastifyRequest } from "fastify";
import { causedError } from "../answer/caused-error.ts";
import type { Access } from "../auth/access.ts";
import type { ResourceAttributes } from "../auth/authorizer.ts";
import type { Watched } from "../view/catalog.ts";
import { nameOf, namespacesBefore, type ViewRequest } from "../view/list-view.ts";
import type { SnapshotShelf } from "../view/snapshot-shelf.ts";
import { heldNamespaces } from "./held-namespaces.ts";

/** What of a list its reader is given. */
export interface ListGrant {
  /** What they are told of it; undefined: they did not ask for less than all. */
  readonly scope: ListScope | undefined;
  /** The resource, with those of its scopes that they may hear of. */
  readonly watched: Watched;
  /** The namespaces that alone are read, in the order of their keys; undefined: all that was asked for. */
  readonly within: readonly string[] | undefined;
}

/** A list that somebody asks for. */
export interface GrantRequest {
  readonly watched: Watched;
  readonly wants: Omit<ViewRequest, "within">;
  /** They are content with what they may list. */
  readonly accessible: boolean;
  readonly attributes: ResourceAttributes;
  /** That they may not list all of it; undefined: they may. */
  readonly refusal: StatusError | undefined;
  readonly request: FastifyRequest;
}

/** What is needed to decide it. */
export interface GrantContext {
  readonly store: Store;
  readonly shelf: SnapshotShelf;
  readonly access: Pick<Access, "forbade" | "namespaces">;
}

/** Each is one review, at every page whose reader was not asked about within the last ten seconds. */
const NAMESPACES_AT_MOST = 1000;

/**
 * Decides what of a list its reader is given: all of it where they may list it; else what lies in the namespaces in which
 * they may, where that is enough for them. The pages of one chain are all of the namespaces of the first one, as long
 * as their reader may list in each of them; no page is of others without a word.
 *
 * Nothing that comes of it tells of a namespace in which they may not list, nor whether there is one.
 *
 * @throws StatusError the refusal; 403 where there are too many namespaces to ask about; 410 where the pages before were of
 * others; 503 where it cannot be decided now.
 */
export async function grantList(context: GrantContext, asked: GrantRequest): Promise<ListGrant> {
  const { accessible, attributes, refusal, request, wants, watched } = asked;
  const before = wants.continue?.within;
  if (!accessible && refusal !== undefined) throw refusal;
  if (!accessible || (refusal === undefined && before === undefined)) {
    if (before !== undefined) throw scopeChanged();
    return { scope: accessible ? { type: "all" } : undefined, watched, within: undefined };
  }
  const kept = namespacesBefore(context.shelf, watched, wants);
  const among = kept ?? (await heldNamespaces(context.store, watched, wants.namespace));
  if (among.length > NAMESPACES_AT_MOST) throw tooMany(watched, refusal);
  const within = await context.access.namespaces(request, attributes, among);
  // A token for the rest as it is by now names no version, and its reader has been told what that means.
  if (wants.continue?.version !== undefined && before !== nameOf(within)) throw scopeChanged();
  const [first, ...others] = watched.scopes.filter(
    ({ namespace }) => namespace === undefined || within.includes(namespace),
  );
  if (first === undefined) {
    context.access.forbade(request, attributes);
    throw refusal ?? scopeChanged();
  }
  return {
    scope: { type: "accessible", namespaces: within.length },
    watched: { ...watched, scopes: [first, ...others] },
    within,
  };
}

function scopeChanged(): StatusError {
  return causedError("ScopeChanged", {
    code: 410,
    message:
      "The provided continue parameter is of a list of other namespaces than those in which you may list now. Start a new list without the continue parameter.",
    field: "continue",
  });
}

function tooMany({ resource }: Watched, refusal: StatusError | undefined): StatusError {
  return causedError("TooManyNamespaces", {
    code: 403,
    message: `${refusal?.message ?? `${resourceName(resource)} are forbidden`}; scope=accessible asks about ${NAMESPACES_AT_MOST} namespaces at most, and more hold ${resourceName(resource)}: list one namespace at a time`,
    field: "scope",
    kind: resource.resource,
  });
}
