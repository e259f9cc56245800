import { expired } from "@krm/apimachinery";
import { type Clock, resourceId, type StalenessBounds, type Store } from "@krm/core";
import type { ListRequest } from "../request/list-request.ts";
import { scopesFor, type Watched } from "./catalog.ts";
import { awaitDemand, type Demand, requireDemand, statusOf } from "./demand.ts";
import { fingerprint, readPageToken, writeInconsistentToken } from "./page-token.ts";
import type { SnapshotShelf } from "./snapshot-shelf.ts";
import { judgeParts, readView, type View, viewIdentity, type ViewQuery, viewVersion } from "./view.ts";

/** The view that a request gets, and where in it the answer starts. */
export interface ListView {
  readonly view: View;
  /** What the list says; a later page says what the first one did. Undefined: there is no view. */
  readonly version: string | undefined;
  /** The key of the last item that the reader has; undefined: from the start. */
  readonly after: string | undefined;
  /** The view's fingerprint, where it was needed to find it. */
  readonly fingerprint: string | undefined;
}

/** What is needed to find a view. */
export interface ListViewContext {
  readonly store: Store;
  readonly shelf: SnapshotShelf;
  readonly clock: Clock;
  readonly staleness: StalenessBounds;
  readonly signal: AbortSignal;
}

/** The API server's words, and what to ask for instead. */
function tooOld({ parts }: View, version: string): Error {
  const versions = new Set(parts.map(({ meta }) => meta.version).filter((each) => each !== undefined));
  const exact =
    versions.size === 1
      ? `the view is at ${[...versions].join()}, the only version that can be had exactly`
      : "the views of the namespaces are at different versions; ask for one namespace";
  return expired(
    `The resourceVersion for the provided list is too old. (${exact}; for ${version} or newer leave out resourceVersionMatch=Exact)`,
  );
}

const CONTINUE_TOO_OLD =
  "The provided continue parameter is too old to display a consistent list result. You can start a new list without " +
  "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. " +
  "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or " +
  "deleted between the time the first chunk was returned and now may show up in the list.";

/**
 * Finds the view that answers a request: the current one when it is as new as demanded, the one that an earlier page
 * came from, or the one of an exact version, while that is kept.
 *
 * @throws StatusError 410 for a view that is gone, 504 for one that does not come, 404 for a namespace that is not watched.
 */
export async function findView(watched: Watched, request: ListRequest, context: ListViewContext): Promise<ListView> {
  const scopes = scopesFor(watched, request.namespace);
  const query: ViewQuery = { scopes, namespace: request.namespace, name: request.name };
  const { resourceVersion: version, maxStaleness } = request;
  if (request.continue !== undefined) return continued(request.continue, watched, query, request, context);
  const view = await readDemanded(query, { version, maxStaleness }, context);
  if (version !== undefined && request.match === "Exact" && isElsewhere(view, version)) throw tooOld(view, version);
  return { view, version: viewVersion(view.parts), after: undefined, fingerprint: undefined };
}

/** Reads a view once it meets a demand: a new history may have taken back what the look at it before had shown. */
async function readDemanded(query: ViewQuery, demand: Demand, context: ListViewContext): Promise<View> {
  const { store, clock, staleness } = context;
  await awaitDemand(store, query.scopes, demand, context);
  const view = await readView(store, query);
  requireDemand(judgeParts(view.parts, clock.now(), staleness), demand, clock.now());
  return view;
}

/** Whether there is a view, and it is not (or not all of it) at this version. */
function isElsewhere({ parts }: View, version: string): boolean {
  return viewVersion(parts) !== undefined && !parts.every(({ meta }) => meta.version === version);
}

/** The name under which a view is kept on the shelf. */
export function shelfName(watched: Watched, request: ListRequest, view: string): string {
  return `${resourceId(watched.resource)} ${request.namespace ?? ""} ${request.name ?? ""} ${view}`;
}

async function continued(
  token: string,
  watched: Watched,
  query: ViewQuery,
  request: ListRequest,
  context: ListViewContext,
): Promise<ListView> {
  const { version, view: wanted, after } = readPageToken(token);
  const kept = wanted === undefined ? undefined : context.shelf.find(shelfName(watched, request, wanted));
  const demand = { version: undefined, maxStaleness: request.maxStaleness };
  if (kept !== undefined && wanted !== undefined) {
    const parts = await statusOf(context.store, query.scopes, context);
    // While nothing has changed, what has been proved since holds for the kept view too.
    const view = fingerprint(viewIdentity(parts)) === wanted ? { parts, objects: kept.objects } : kept;
    requireDemand(judgeParts(view.parts, context.clock.now(), context.staleness), demand, context.clock.now());
    return { view, version, after, fingerprint: wanted };
  }
  const view = await readDemanded(query, demand, context);
  const current = fingerprint(viewIdentity(view.parts));
  if (wanted !== undefined && wanted !== current) throw expired(CONTINUE_TOO_OLD, writeInconsistentToken(after));
  return { view, version: version ?? viewVersion(view.parts), after, fingerprint: current };
}
