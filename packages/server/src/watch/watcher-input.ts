import type { ListOptions } from "@krm/apimachinery";
import type { Clock } from "@krm/core";
import type { Interest } from "./audiences.ts";
import type { CatchUpQueue } from "./catch-up-queue.ts";
import type { ReaderBounds } from "./reader-bounds.ts";
import type { RingView } from "./ring-view.ts";
import type { Shape } from "./shape.ts";
import type { WatchSink } from "./watch-sink.ts";

/** What one watch is about. */
export interface WatcherInput {
  readonly ring: RingView;
  readonly interest: Interest;
  /** Of all that is watched of the resource, whatever comes to that. */
  readonly isWhole: boolean;
  readonly shape: Shape;
  readonly options: ListOptions;
  readonly timeoutMs: number;
  /** Its bookmarks tell when the view last heard from its source. */
  readonly tellsContact: boolean;
  readonly sink: WatchSink;
  readonly clock: Clock;
  readonly bounds: ReaderBounds;
  /** Shared by all watches of the hub. */
  readonly queue: CatchUpQueue;
}
