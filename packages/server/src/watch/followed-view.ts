import {
  type Clock,
  compareResourceVersions,
  type FeedEntry,
  ObjectTable,
  type ResourceVersion,
  type StoredObject,
  type ViewMeta,
  type ViewRead,
} from "@krm/core";
import { Audiences } from "./audiences.ts";
import { EventLog, type LogBounds, type Place } from "./event-log.ts";
import type { Frames } from "./frames.ts";
import type { RingView } from "./ring-view.ts";
import { eventsOf } from "./watch-event.ts";

/** Events of one commit that are handed over together at most: what is larger goes out in parts. */
const TOLD_AT_ONCE = 256;

/** The view as it is at one place in the feed, and what happened until then. */
export class FollowedView implements RingView {
  readonly log: EventLog;
  readonly frames: Frames;
  readonly audiences: Audiences;
  readonly comparable: boolean;
  readonly #table = new ObjectTable();
  readonly #clock: Clock;
  /** The newest version of the histories before this one that readers may hold. */
  readonly #formerTold: ResourceVersion | undefined;
  #meta: ViewMeta;
  #willFlush = false;

  constructor(
    { meta, objects }: ViewRead,
    version: string,
    frames: Frames,
    options: {
      readonly clock: Clock;
      readonly bounds: LogBounds | undefined;
      readonly formerTold: ResourceVersion | undefined;
    },
  ) {
    this.#meta = meta;
    this.#clock = options.clock;
    this.#formerTold = options.formerTold;
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

  objects(namespace: string | undefined): readonly StoredObject[] {
    return this.#table.read({ namespace });
  }

  locate(version: string): Place {
    const { resumeFloor } = this.#meta;
    const asked = version as ResourceVersion;
    if (this.comparable && resumeFloor !== undefined && compareResourceVersions(asked, resumeFloor) < 0)
      return { type: "too-old", oldest: resumeFloor };
    const place = this.log.locate(version);
    // It would wait for a version of this history, and what it holds is of another one.
    if (
      place.type === "ahead" &&
      this.#formerTold !== undefined &&
      compareResourceVersions(asked, this.#formerTold) <= 0
    )
      return { type: "too-old", oldest: this.version };
    return place;
  }

  /** Whole commits. */
  apply(entries: readonly FeedEntry[], meta: ViewMeta): void {
    const now = this.#clock.monotonic();
    let told = 0;
    // A list has no order, and another server may tell of it in another one: its version stands for all that is before it.
    if (entries.some(({ change }) => change.origin !== "stream")) this.log.pass(meta.version ?? this.version, now);
    for (const { change } of entries) {
      const previous = this.#table.get(change.type === "set" ? change.object.key : change.key);
      this.#table.apply([change]);
      for (const event of eventsOf(change, previous)) {
        this.log.append(event, now);
        this.audiences.tell(event);
        if (++told % TOLD_AT_ONCE === 0) this.flush();
      }
    }
    this.#meta = meta;
    this.log.pass(this.version, now);
    if (!this.audiences.isDirty || this.#willFlush) return;
    this.#willFlush = true;
    setImmediate(() => {
      this.#willFlush = false;
      this.flush();
    });
  }

  flush(): void {
    this.audiences.flush();
  }
}
