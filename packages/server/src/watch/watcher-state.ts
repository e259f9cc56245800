import type { StoredObject } from "@krm/core";
import type { Interest } from "./audiences.ts";
import type { RingView } from "./ring-view.ts";
import type { RingEvent } from "./watch-event.ts";

/** How far a watch is. */
export type WatcherState =
  /** The view is older than what was asked for. */
  | { readonly phase: "waiting" }
  /** Is to tell all that there is when its turn comes: until then nothing is kept for it, and the log may go on. */
  | { readonly phase: "queued" }
  /** Tells all that there was when it began. */
  | {
      readonly phase: "initial";
      readonly objects: readonly StoredObject[];
      sent: number;
      readonly next: number;
      readonly version: string;
      /** As of the same moment. */
      readonly lastContact: number | undefined;
    }
  /** Is to be told what came from a place in the log on when its turn comes, of each object once. */
  | { readonly phase: "resuming"; readonly next: number }
  /** Tells what came until it resumed, of each object once. */
  | {
      readonly phase: "catching-up";
      readonly events: readonly RingEvent[];
      readonly sent: number;
      readonly next: number;
    }
  /** Reads from the log, at the pace of the reader. */
  | { readonly phase: "replaying"; readonly next: number }
  /** Hears what happens with all others who listen for the same. */
  | { readonly phase: "live"; readonly leave: () => void }
  | { readonly phase: "ended" };

/** Whether there is something to write that it has not heard with others. */
export function isBehind({ phase }: WatcherState): boolean {
  return phase !== "waiting" && phase !== "live" && phase !== "ended";
}

/** The number of the first event that is still to be read from the log; undefined: none is meant to be. */
export function placeOf(state: WatcherState): number | undefined {
  return "next" in state ? state.next : undefined;
}

/** All that there is now of what is of interest, still to be told. */
export function snapshotOf(ring: RingView, { namespace, where }: Interest): WatcherState {
  const { version, lastContact } = ring;
  const objects = ring.objects({ namespace, where });
  return { phase: "initial", objects, sent: 0, next: ring.log.next, version, lastContact };
}
