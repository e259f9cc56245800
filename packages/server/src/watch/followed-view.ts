import {
  type Clock,
  compareResourceVersions,
  type FeedEntry,
  ObjectTable,
  type ResourceVersion,
  type ReadQuery,
  type StoredObject,
  type ViewMeta,
  type ViewRead,
} from "@krm/core";
import { Audiences } from "./audiences.ts";
import { EventLog, type LogBounds, type Place } from "./event-log.ts";
import type { Frames } from "./frames.ts";
import type { RingView } from "./ring-view.ts";
import { eventsOf } from "./watch-event.ts";

/** The view as it is at one place in the feed, and what happened until then. */
export class FollowedView implements RingView {
  readonly log: EventLog;
  readonly frames: Frames;
  readonly audiences: Audiences;
  readonly comparable: boolean;
  readonly tellsOnce = false;
  readonly heldBack = undefined;
  readonly #table = new ObjectTable();
  readonly #clock: Clock;
  /** The newest version of the histories before this one that readers may hold. */
  readonly #formerTold: ResourceVersion | undefined;
  /** It is the first one of its store: nobody can have been told of any before it. */
  readonly isFirst: boolean;
  #meta: ViewMeta;
  #lists = 0;

  constructor(
    { meta, objects }: ViewRead,
    version: string,
    frames: Frames,
    options: {
      readonly clock: Clock;
      readonly bounds: LogBounds | undefined;
      readonly formerTold: ResourceVersion | undefined;
      readonly isFirst: boolean;
    },
  ) {
    this.#meta = meta;
    this.#clock = options.clock;
    this.#formerTold = options.formerTold;
    this.isFirst = options.isFirst;
    this.comparable = !meta.snapshotOnly;
    this.frames = frames;
    this.audiences = new Audiences(frames);
    const { bounds } = options;
    this.log = new EventLog(version, { isNews: !meta.repairPending, opaque: meta.snapshotOnly, bounds });
    this.#table.apply(
      objects.map((object) => ({ type: "set", object, previous: undefined, origin: "list", observedAt: 0 })),
    );
  }

  get version(): string {
    return this.#meta.version ?? this.log.told;
  }

  get lastContact(): number | undefined {
    return this.#meta.lastContact;
  }

  get cursor(): string {
    return this.#meta.cursor;
  }

  /** Whether this is still the same history, told in the same way. */
  goesOnWith(meta: ViewMeta): boolean {
    return (
      meta.version !== undefined && meta.epoch === this.#meta.epoch && meta.snapshotOnly === this.#meta.snapshotOnly
    );
  }

  objects(query: ReadQuery): readonly StoredObject[] {
    return this.#table.read(query);
  }

  /** A repair that this version does not show may not have been told to whoever holds it. */
  get repairPending(): boolean {
    return this.#meta.repairPending;
  }

  /** How many times something was put right here by a list: in an order that another server need not keep. */
  get lists(): number {
    return this.#lists;
  }

  locate(version: string): Place {
    const floor = this.floorAbove(version);
    if (floor !== undefined) return { type: "too-old", oldest: floor };
    const place = this.log.locate(version);
    return place.type === "ahead" && this.isFormer(version) ? { type: "too-old", oldest: this.version } : place;
  }

  /** The version from which on can be resumed, where that is above `version` (law 10). */
  floorAbove(version: string): ResourceVersion | undefined {
    const { resumeFloor } = this.#meta;
    if (!this.comparable || resumeFloor === undefined) return undefined;
    return compareResourceVersions(version as ResourceVersion, resumeFloor) < 0 ? resumeFloor : undefined;
  }

  /** It may be of a history before this one: who holds it would wait for a version of this one. */
  isFormer(version: string): boolean {
    return this.#formerTold !== undefined && compareResourceVersions(version as ResourceVersion, this.#formerTold) <= 0;
  }

  /** Whole commits. */
  apply(entries: readonly FeedEntry[], meta: ViewMeta): void {
    const now = this.#clock.monotonic();
    // A list has no order, and another server may tell of it in another one: its version stands for all that is before it.
    if (entries.some(({ change }) => change.origin !== "stream")) {
      this.log.pass(meta.version ?? this.version, now);
      this.#lists++;
    }
    for (const { change } of entries) {
      const previous = this.#table.get(change.type === "set" ? change.object.key : change.key);
      this.#table.apply([change]);
      for (const event of eventsOf(change, previous)) {
        this.log.append(event, now);
        this.audiences.tell(event);
      }
    }
    this.#meta = meta;
    this.log.pass(this.version, now);
  }

  flush(): void {
    this.audiences.flush();
  }
}
