import {
  type Clock,
  compareResourceVersions,
  ObjectTable,
  type ResourceVersion,
  type ReadQuery,
  type StoredObject,
  type ViewChange,
} from "@krm/core";
import { Audiences } from "./audiences.ts";
import { EventLog, type LogBounds, type LoggedEvent, type Place } from "./event-log.ts";
import type { FollowedView } from "./followed-view.ts";
import type { Frames } from "./frames.ts";
import type { RingView } from "./ring-view.ts";
import type { UnionOrder } from "./union-order.ts";
import type { RingEvent } from "./watch-event.ts";

/** What a union is made with. */
export interface UnionViewOptions {
  readonly order: UnionOrder;
  /** Nobody can have been told a version of the union before. */
  readonly isFirst: boolean;
  readonly frames: Frames;
  readonly clock: Clock;
  readonly bounds: LogBounds | undefined;
}

interface Part {
  readonly view: FollowedView;
  /** {@link FollowedView.lists} at the start. */
  readonly lists: number;
  /** The number of the first event in its log that is not taken yet. */
  next: number;
}

/**
 * Several views of one resource, told as one. Only of versions that can be ordered: one counter of the cluster gives the
 * versions of all of them.
 */
export class UnionView implements RingView {
  readonly log: EventLog;
  readonly frames: Frames;
  readonly audiences: Audiences;
  readonly comparable = true;
  readonly tellsOnce = true;
  readonly #order: UnionOrder;
  readonly #clock: Clock;
  readonly #parts: readonly Part[];
  readonly #table = new ObjectTable();
  /** What was shown from the start is told of by no event, and comes up to here. */
  readonly #begunAt: ResourceVersion;
  #oldest: ResourceVersion;
  #newest: ResourceVersion;
  #lastContact: number | undefined;

  /** Of one view at least. */
  constructor(views: readonly FollowedView[], { order, isFirst, frames, clock, bounds }: UnionViewOptions) {
    this.#order = order;
    this.frames = frames;
    this.#clock = clock;
    this.audiences = new Audiences(frames);
    this.#parts = views.map((view) => ({ view, lists: view.lists, next: view.log.next }));
    this.#oldest = versionsOf(views)[0] as ResourceVersion;
    this.#newest = versionsOf(views).at(-1) as ResourceVersion;
    this.#lastContact = oldestContact(views);
    const told = views.map(({ log }) => log.told as ResourceVersion).toSorted(compareResourceVersions);
    this.#begunAt = told.at(-1) as ResourceVersion;
    // In the order of arrival it is not known what else was told to who holds a version of before.
    const isByArrival = order === "arrival";
    const isNews = isByArrival ? isFirst : !views.some(({ repairPending }) => repairPending);
    this.log = new EventLog(isByArrival && isFirst ? this.#oldest : this.#begunAt, { isNews, bounds });
    this.log.pass(this.#begunAt, clock.monotonic());
    this.#table.apply(views.flatMap((view) => view.objects({})).map((object) => asChange({ type: "ADDED", object })));
  }

  /** The lowest of the scopes' versions, as a list says it: what came up to it was told of every scope. */
  get version(): string {
    return this.#oldest;
  }

  /** The oldest of the scopes' contacts; undefined where one is not known. */
  get lastContact(): number | undefined {
    return this.#lastContact;
  }

  get heldBack(): string | undefined {
    return this.#order === "arrival" ? undefined : this.#newest;
  }

  /** Whether what there was at the start is of one version. Until then nothing may be told. */
  get isSettled(): boolean {
    return this.#order === "arrival" || compareResourceVersions(this.#oldest, this.#begunAt) >= 0;
  }

  /** Whether it is the union of just these views. */
  isOf(views: readonly FollowedView[]): boolean {
    return views.length === this.#parts.length && this.#parts.every(({ view }, i) => view === views[i]);
  }

  objects(query: ReadQuery): readonly StoredObject[] {
    return this.#table.read(query);
  }

  locate(version: string): Place {
    const views = this.#parts.map(({ view }) => view);
    // What only this server tells needs no floor: the repair stands in its log where it was told.
    const floor =
      this.#order === "version"
        ? views.map((view) => view.floorAbove(version)).find((each) => each !== undefined)
        : undefined;
    if (floor !== undefined) return { type: "too-old", oldest: floor };
    const place = this.log.locate(version);
    const isFormer = place.type === "ahead" && views.some((view) => view.isFormer(version));
    return isFormer ? { type: "too-old", oldest: this.version } : place;
  }

  flush(): void {
    this.audiences.flush();
  }

  /**
   * Takes what the scopes have told since the last time. False: one of them has not kept all of it, or tells what has no
   * place in the order.
   */
  take(): boolean {
    if (this.#order === "version" && this.#parts.some(({ view, lists }) => view.lists !== lists)) return false;
    const now = this.#clock.monotonic();
    const views = this.#parts.map(({ view }) => view);
    const versions = versionsOf(views);
    this.#lastContact = oldestContact(views);
    this.#oldest = versions[0] as ResourceVersion;
    this.#newest = versions.at(-1) as ResourceVersion;
    for (;;) {
      if (this.#parts.some(({ view, next }) => next < view.log.first)) return false;
      const part = this.#nextPart();
      if (part === undefined) break;
      this.#append(part.view.log.at(part.next++) as LoggedEvent, now);
    }
    if (this.#order === "version") this.log.pass(this.#oldest, now);
    else for (const { view } of this.#parts) this.log.pass(view.log.told, now);
    return true;
  }

  /** The scope whose next event is to be told next. */
  #nextPart(): Part | undefined {
    let found: { readonly part: Part; readonly told: ResourceVersion } | undefined;
    for (const part of this.#parts) {
      const told = part.view.log.at(part.next)?.told;
      if (told === undefined) continue;
      if (this.#order === "version" && compareResourceVersions(told, this.#oldest) > 0) continue;
      if (found === undefined || compareResourceVersions(told, found.told) < 0) found = { part, told };
    }
    return found?.part;
  }

  #append({ event }: LoggedEvent, now: number): void {
    this.#table.apply([asChange(event)]);
    this.log.append(event, now);
    this.audiences.tell(event);
  }
}

/** The views' versions, the lowest first. */
function versionsOf(views: readonly FollowedView[]): readonly ResourceVersion[] {
  return views.map(({ version }) => version as ResourceVersion).toSorted(compareResourceVersions);
}

function oldestContact(views: readonly FollowedView[]): number | undefined {
  const known = views.map(({ lastContact }) => lastContact).filter((at) => at !== undefined);
  return known.length < views.length ? undefined : Math.min(...known);
}

/** What an event does to a table. */
function asChange({ type, object }: Pick<RingEvent, "type" | "object">): ViewChange {
  const { key, uid, resourceVersion } = object;
  const how = { origin: "list", observedAt: 0 } as const;
  return type === "DELETED"
    ? { type: "removed", key, uid, resourceVersion, finalState: "unknown", ...how }
    : { type: "set", object, previous: undefined, ...how };
}
