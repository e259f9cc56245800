import type { ReadQuery, StoredObject } from "@krm/core";
import type { Audiences } from "./audiences.ts";
import type { EventLog, Place } from "./event-log.ts";
import type { Frames } from "./frames.ts";

/** What a watch sees of the view that it is about. */
export interface RingView {
  readonly log: EventLog;
  readonly frames: Frames;
  readonly audiences: Audiences;
  /** The view's version, as a list says it. */
  readonly version: string;
  /** When the view last heard from its source: wall clock, epoch milliseconds. Undefined: that is not known. */
  readonly lastContact: number | undefined;
  /** Versions can be compared. */
  readonly comparable: boolean;
  /**
   * Who resumes is told of each object once, as it is by then: of what was told since the version, the reader may know any
   * part, and must not be led back.
   */
  readonly tellsOnce: boolean;
  /** The newest version of what a list may show already, and this view does not tell yet; undefined: it tells everything. */
  readonly heldBack: string | undefined;
  /** What there is, as `ScopeStore.read` gives it: of what is looked up others may be among it. */
  objects(query: ReadQuery): readonly StoredObject[];
  locate(version: string): Place;
  /** Hands over what was told. */
  flush(): void;
}
