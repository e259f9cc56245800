/** What a delay is of, in the words of a watch. DELETED is the request to delete, whichever event shows it first. */
export type DelayEvent = "ADDED" | "MODIFIED" | "DELETED";

/** All of {@link DelayEvent}. */
export const DELAY_EVENTS: readonly DelayEvent[] = ["ADDED", "MODIFIED", "DELETED"];

/** Which time a delay was measured from. */
export type DelaySource = "creationTimestamp" | "deletionTimestamp" | "managedFields" | "renewTime" | "canary";

/** What is known of a {@link DelaySource}. */
export interface DelaySourceInfo {
  /**
   * The time is cut to this, so that a delay comes out too long by up to as much, in seconds. That of the canary is the
   * time its write took, which its points tell one by one.
   */
  readonly resolutionSeconds: number;
  /** Whose clock wrote the time. `own`: the one that also read when the event came; `holder`: that of who renews a Lease. */
  readonly clock: "api-server" | "holder" | "own";
}

/** Every source. */
export const DELAY_SOURCES: Readonly<Record<DelaySource, DelaySourceInfo>> = {
  creationTimestamp: { resolutionSeconds: 1, clock: "api-server" },
  deletionTimestamp: { resolutionSeconds: 1, clock: "api-server" },
  managedFields: { resolutionSeconds: 1, clock: "api-server" },
  renewTime: { resolutionSeconds: 1e-6, clock: "holder" },
  canary: { resolutionSeconds: 0, clock: "own" },
};

/** How late one event was. */
export interface Delay {
  readonly event: DelayEvent;
  readonly source: DelaySource;
  /**
   * From the source's time until the event was read. Negative where the clocks differ by more than the delay: it is kept
   * as it is, and so is what a clock that is behind adds.
   */
  readonly seconds: number;
  /** Of the event. */
  readonly resourceVersion: string;
  /** When the event was read: wall clock, epoch milliseconds. */
  readonly observedAt: number;
  /** By how much it may be too long, where that is not what {@link DELAY_SOURCES} says of the source. */
  readonly resolutionSeconds?: number | undefined;
}

/**
 * Why no delay can be told of a change.
 *
 * - `not-live`: a list or a verification brought it, not an event.
 * - `no-time`: the API server wrote no time for it, as for an object that was deleted at once.
 * - `same-second`: it shows no newer time than the state before it: either a further write within one second, or one that
 *   nobody owns.
 * - `seen-late`: the first that was heard of an object is not its beginning.
 * - `unknown-before`: nothing is known of the times of the state before it.
 */
export type Unmeasured = "not-live" | "no-time" | "same-second" | "seen-late" | "unknown-before";

/** All of {@link Unmeasured}. */
export const UNMEASURED: readonly Unmeasured[] = ["not-live", "no-time", "same-second", "seen-late", "unknown-before"];

/** What one change of the view tells: how late it was, or why that cannot be said. `undefined`: it is measured elsewhere. */
export type Measured =
  | { readonly type: "delay"; readonly delay: Delay }
  | { readonly type: "unmeasured"; readonly event: DelayEvent; readonly reason: Unmeasured }
  | undefined;
