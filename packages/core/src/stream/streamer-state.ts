import type { ResourceVersion } from "../model/resource-version.ts";
import type { BlockedReason, DesyncCause, PollingReason } from "../monitor/role-status.ts";
import { type BackoffOptions, backoffMs } from "./backoff.ts";
import type { Trouble } from "./classify.ts";

/**
 * The streamer as a machine: client-go's Reflector, written down. Pure; the driver (`streamer.ts`) does what the state
 * says and reports what came of it.
 *
 * ```text
 *            start            listed              ended, failed (same version)
 *   (idle) ────────▶ listing ────────▶ watching ◀──────────────┐
 *                     ▲  │               │  │                   │
 *      gap, expired ──┘  │ failed        │  └── gap, expired ──▶ listing
 *                        ▼               ▼
 *                     waiting ◀───── (backing off, blocked) ── elapsed ──▶ listing | watching
 * ```
 *
 * What can only be listed is `polling`: a list now and then, and a watch tried again each {@link PROBE_EVERY} lists.
 */
export type StreamerState =
  | { readonly phase: "listing"; readonly failures: number }
  | { readonly phase: "watching"; readonly failures: number; readonly at: ResourceVersion }
  | {
      readonly phase: "waiting";
      readonly failures: number;
      readonly ms: number;
      readonly why: "failed" | BlockedReason;
      /** Where to go on: a watch from this version, or, undefined, a list. */
      readonly at: ResourceVersion | undefined;
    }
  | { readonly phase: "polling"; readonly failures: number; readonly reason: PollingReason; readonly lists: number };

/** What the driver reports. `livedMs`: how long the watch was open, by the monotonic clock. */
export type StreamerEvent =
  | { readonly type: "listed"; readonly version: ResourceVersion }
  /** A list whose versions cannot be ordered (law 8). */
  | { readonly type: "listed-incomparable" }
  | { readonly type: "list-failed"; readonly trouble: Trouble }
  /** The server ended the watch in good order. `silent`: not one event or bookmark came. */
  | { readonly type: "watch-ended"; readonly at: ResourceVersion; readonly livedMs: number; readonly silent: boolean }
  | { readonly type: "watch-failed"; readonly at: ResourceVersion; readonly livedMs: number; readonly trouble: Trouble }
  /** Something else knows of a gap: a full queue, a failed write. */
  | { readonly type: "gap" }
  | { readonly type: "elapsed" };

/** What a transition is made with. */
export interface StreamerRules {
  readonly backoff: BackoffOptions;
  /** In [0, 1). */
  readonly random: number;
}

/** The next state, and the known gap that this event opened, if any. */
export interface StreamerStep {
  readonly state: StreamerState;
  readonly desync?: DesyncCause;
}

/** A watch that ends at once and brings nothing is a failure in disguise: without a wait, a hot loop (client-go's VeryShortWatchError). */
const VERY_SHORT_MS = 1000;

/** A resource without a watch is asked for one again after this many lists. */
export const PROBE_EVERY = 20;

/** Where a streamer starts: with a list, or with a watch from the version that its store holds. */
export function startStreamer(position: ResourceVersion | undefined): StreamerState {
  return position === undefined ? { phase: "listing", failures: 0 } : { phase: "watching", failures: 0, at: position };
}

/** One transition. Total: an event that a state does not know leaves it as it is. */
export function stepStreamer(state: StreamerState, event: StreamerEvent, rules: StreamerRules): StreamerStep {
  switch (event.type) {
    case "listed":
      if (state.phase === "polling" && state.reason === "not-watchable" && (state.lists + 1) % PROBE_EVERY !== 0)
        return { state: { ...state, failures: 0, lists: state.lists + 1 } };
      return { state: { phase: "watching", failures: state.failures, at: event.version } };
    case "listed-incomparable":
      return { state: { phase: "polling", failures: 0, reason: "incomparable", lists: 0 } };
    case "list-failed":
      return afterTrouble(state.failures, event.trouble, undefined, rules);
    case "watch-ended": {
      if (event.silent && event.livedMs < VERY_SHORT_MS)
        return { state: wait(state.failures + 1, undefined, event.at, rules) };
      const failures = event.livedMs >= rules.backoff.resetAfterMs ? 0 : state.failures;
      return { state: { phase: "watching", failures, at: event.at } };
    }
    case "watch-failed": {
      const failures = event.livedMs >= rules.backoff.resetAfterMs ? 0 : state.failures;
      return afterTrouble(failures, event.trouble, event.at, rules);
    }
    case "gap":
      return { state: { phase: "listing", failures: state.failures } };
    case "elapsed":
      if (state.phase !== "waiting") return { state };
      return {
        state:
          state.at === undefined
            ? { phase: "listing", failures: state.failures }
            : { phase: "watching", failures: state.failures, at: state.at },
      };
    default:
      return event satisfies never;
  }
}

function wait(
  failures: number,
  retryAfterMs: number | undefined,
  at: ResourceVersion | undefined,
  { backoff, random }: StreamerRules,
): StreamerState {
  return { phase: "waiting", failures, ms: backoffMs(failures, random, retryAfterMs, backoff), why: "failed", at };
}

/** `at` is undefined when a list failed. */
function afterTrouble(failures: number, trouble: Trouble, at: ResourceVersion | undefined, rules: StreamerRules): StreamerStep {
  const { backoff, random } = rules;
  switch (trouble.type) {
    case "expired": {
      // The first time relist at once; over and over it would be a loop of lists.
      const state: StreamerState =
        failures === 0 ? { phase: "listing", failures: 1 } : wait(failures + 1, undefined, undefined, rules);
      return at === undefined ? { state } : { state, desync: "expired" };
    }
    case "undecodable": {
      const state: StreamerState =
        failures === 0 ? { phase: "listing", failures: 1 } : wait(failures + 1, undefined, undefined, rules);
      return at === undefined ? { state } : { state, desync: "undecodable" };
    }
    case "poll":
      return { state: { phase: "polling", failures: 0, reason: trouble.reason, lists: 0 } };
    case "blocked": {
      const ms = Math.round(backoff.probeMs * (1 + random / 2));
      return { state: { phase: "waiting", failures: failures + 1, ms, why: trouble.reason, at } };
    }
    case "retry":
      return { state: wait(failures + 1, trouble.retryAfterMs, at, rules) };
    default:
      return trouble satisfies never;
  }
}
