import { continueExpired, StatusError } from "@krm/apimachinery";
import { type Clock, type ObjectTerm, resourceId, type StalenessBounds, type Store } from "@krm/core";
import { scopesFor, type Watched } from "./catalog.ts";
import { awaitDemand, type Demand, requireDemand, statusOf } from "./demand.ts";
import { fingerprint, type PagePoint } from "./page-token.ts";
import type { SnapshotShelf } from "./snapshot-shelf.ts";
import { judgeParts, readView, type View, viewIdentity, type ViewQuery, viewVersion } from "./view.ts";

/** Which view is asked for. */
export interface ViewRequest {
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** What is wanted besides: see {@link ViewQuery}. */
  readonly where: readonly ObjectTerm[];
  /** See {@link ViewQuery}. */
  readonly within: readonly string[] | undefined;
  /** Where an earlier page ended. */
  readonly continue: PagePoint | undefined;
  /** Decimal digits; undefined: whatever there is. */
  readonly resourceVersion: string | undefined;
  readonly match: "Exact" | "NotOlderThan";
  /** Milliseconds. */
  readonly maxStaleness: number | undefined;
  /** The error for an exact version that the view has left behind. */
  readonly tooOld: (view: View, version: string) => Error;
  /** The token for the rest of a list after a key, from whatever view is newest then. */
  readonly rest: (after: string) => string;
}

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

/**
 * Finds the view that answers a request: the current one when it is as new as demanded, the one that an earlier page
 * came from, or the one of an exact version, where one that is kept happens to be at it.
 *
 * @throws StatusError 410 for a view that is gone, 504 for one that does not come, 404 for a namespace that is not watched.
 */
export async function findView(watched: Watched, request: ViewRequest, context: ListViewContext): Promise<ListView> {
  const scopes = scopesFor(watched, request.namespace);
  const { namespace, name, where, within } = request;
  const query: ViewQuery = { scopes, namespace, name, where, within };
  const { resourceVersion: version, maxStaleness } = request;
  if (request.continue !== undefined) return continued(request.continue, watched, query, request, context);
  const view = await readDemanded(query, { version, maxStaleness }, context);
  if (version === undefined || request.match !== "Exact")
    return { view, version: viewVersion(view.parts), after: undefined, fingerprint: undefined };
  const exact = atVersion(view, version, watched, request, context.shelf);
  if (exact === undefined) throw request.tooOld(view, version);
  return { view: exact, version: viewVersion(exact.parts), after: undefined, fingerprint: undefined };
}

/** Reads a view once it meets a demand: a new history may have taken back what the look at it before had shown. */
export async function readDemanded(query: ViewQuery, demand: Demand, context: ListViewContext): Promise<View> {
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

/** The versions that the parts of a view are at, each once. */
export function versionsOf(parts: View["parts"]): readonly string[] {
  return [...new Set(parts.map(({ meta }) => meta.version).filter((version) => version !== undefined))];
}

/**
 * Keeps a view for the pages that are still to come of it; gives the names that their token has to hold. What a selection
 * has left out is kept too: one view serves the pages of all selections.
 */
export async function keepForMore(
  { shelf, store }: Pick<ListViewContext, "shelf" | "store">,
  watched: Watched,
  request: ViewRequest,
  found: ListView,
): Promise<{ readonly view: string; readonly within: string | undefined }> {
  const { name, namespace, where } = request;
  const moment = found.fingerprint ?? fingerprint(viewIdentity(found.view.parts));
  const within = nameOf(request.within);
  const of = resourceId(watched.resource);
  const whole = partName(request, within);
  if (where.length === 0) {
    shelf.keep({ of, part: whole, moment }, found.view, false);
  } else if (shelf.find({ of, parts: [whole], moment }) === undefined) {
    const scopes = scopesFor(watched, namespace);
    const view = await readView(store, { scopes, namespace, name, where: [], within: request.within });
    const isSame = fingerprint(viewIdentity(view.parts)) === moment;
    // Else something has changed in between, and there is no more than what was selected.
    if (isSame) shelf.keep({ of, part: whole, moment }, view, false);
    else shelf.keep({ of, part: partName(request, within, where), moment }, found.view, true);
  }
  return { view: moment, within };
}

/** The namespaces that the pages before were of, where the view is kept here that they came from. */
export function namespacesBefore(
  shelf: SnapshotShelf,
  watched: Watched,
  request: Omit<ViewRequest, "within">,
): readonly string[] | undefined {
  const { view: moment, within } = request.continue ?? {};
  if (moment === undefined || within === undefined) return undefined;
  return shelf.find({ of: resourceId(watched.resource), parts: partNames(request, within), moment })?.within;
}

/** How a token names some namespaces, which are in the order of their keys. */
export function nameOf(within: readonly string[] | undefined): string | undefined {
  return within && fingerprint(within);
}

/** What of a resource is read. */
function partName(
  { name = "", namespace = "" }: Pick<ViewRequest, "name" | "namespace">,
  within: string | undefined,
  where: readonly ObjectTerm[] = [],
): string {
  return JSON.stringify([namespace, name, within ?? "", ...where]);
}

/** Where a view for a request may be kept: as far as it was selected, or with what a selection leaves out. */
function partNames(request: Omit<ViewRequest, "within">, within: string | undefined): readonly string[] {
  const whole = partName(request, within);
  return request.where.length === 0 ? [whole] : [partName(request, within, request.where), whole];
}

async function continued(
  point: PagePoint,
  watched: Watched,
  query: ViewQuery,
  request: ViewRequest,
  context: ListViewContext,
): Promise<ListView> {
  const { version, view: wanted, after } = point;
  const of = resourceId(watched.resource);
  const names = partNames(request, nameOf(request.within));
  const kept = wanted === undefined ? undefined : context.shelf.find({ of, parts: names, moment: wanted });
  const demand = { version: undefined, maxStaleness: request.maxStaleness };
  if (kept !== undefined && wanted !== undefined) {
    const parts = await statusOf(context.store, query.scopes, context);
    // While nothing has changed, what has been proved since holds for the kept view too.
    const view = fingerprint(viewIdentity(parts)) === wanted ? { ...kept, parts } : kept;
    requireDemand(judgeParts(view.parts, context.clock.now(), context.staleness), demand, context.clock.now());
    return { view, version, after, fingerprint: wanted };
  }
  await untilReached(version, query, context);
  const view = await readDemanded(query, demand, context);
  if (wanted === undefined && version !== undefined) {
    const exact = atVersion(view, version, watched, request, context.shelf);
    if (exact === undefined) throw continueExpired(request.rest(after));
    return { view: exact, version, after, fingerprint: undefined };
  }
  const current = fingerprint(viewIdentity(view.parts));
  if (wanted !== undefined && wanted !== current) throw continueExpired(request.rest(after));
  return { view, version: version ?? viewVersion(view.parts), after, fingerprint: current };
}

/**
 * Waits for the moment that a token names, which a replica may not have come to yet. In vain where there never was such a
 * one: then the token is as good as expired.
 */
async function untilReached(version: string | undefined, query: ViewQuery, context: ListViewContext): Promise<void> {
  try {
    await awaitDemand(context.store, query.scopes, { version, maxStaleness: undefined }, context);
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
  }
}

/** The view at just a version: the current one, or one that is kept. Undefined: there is none. */
function atVersion(
  current: View,
  version: string,
  watched: Watched,
  request: ViewRequest,
  shelf: SnapshotShelf,
): View | undefined {
  if (!isElsewhere(current, version)) return current;
  const parts = partNames(request, nameOf(request.within));
  return shelf.findAt({ of: resourceId(watched.resource), parts }, version);
}
