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
export type StreamerState = Tally &
  (
    | { readonly phase: "listing" }
    | { readonly phase: "watching"; readonly at: ResourceVersion }
    | {
        readonly phase: "waiting";
        readonly ms: number;
        readonly why: "failed" | BlockedReason;
        /** Where to go on: a watch from this version, or, undefined, a list. */
        readonly at: ResourceVersion | undefined;
      }
    | { readonly phase: "polling"; readonly reason: PollingReason; readonly lists: number }
  );

/** What went wrong since the last time that all was well. */
interface Tally {
  /** Failures in a row: what back-off grows by. */
  readonly failures: number;
  /** Known gaps in a row: the first leads to a list at once, the next ones wait. */
  readonly gaps: number;
  /**
   * Probes in a row by which discovery, too, did not name the resource, since it first answered 404. Undefined: the last
   * answer was none.
   */
  readonly unserved?: number | undefined;
}

const WELL: Tally = { failures: 0, gaps: 0 };

/** What the driver reports. `livedMs`: how long the watch was open, by the monotonic clock. */
export type StreamerEvent =
  | { readonly type: "listed"; readonly version: ResourceVersion }
  /** A list whose versions cannot be ordered (law 8). */
  | { readonly type: "listed-incomparable" }
  | { readonly type: "list-failed"; readonly trouble: Trouble }
  /** The server ended the watch in good order. `silent`: it brought nothing newer than where it began. */
  | { readonly type: "watch-ended"; readonly at: ResourceVersion; readonly livedMs: number; readonly silent: boolean }
  | { readonly type: "watch-failed"; readonly at: ResourceVersion; readonly livedMs: number; readonly trouble: Trouble }
  /** Something else knows of a gap: a full queue, a failed write. */
  | { readonly type: "gap" }
  /** The watch is to be exchanged for another one from here, though nothing is known to be wrong with it. */
  | { readonly type: "rewatch"; readonly at: ResourceVersion }
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
  /** The resource is no more: nothing of it exists. */
  readonly vanished?: true;
}

/** A watch that ends at once and brings nothing new is a failure in disguise: without a wait, a hot loop (client-go's VeryShortWatchError). */
const VERY_SHORT_MS = 1000;

/** A resource without a watch is asked for one again after this many lists. */
export const PROBE_EVERY = 20;

/** So many probes in a row must find that a resource is no longer served before its objects count as deleted. */
export const UNSERVED_PROBES = 2;

/** Where a streamer starts: with a list, or with a watch from the version that its store holds. */
export function startStreamer(position: ResourceVersion | undefined): StreamerState {
  return position === undefined ? { phase: "listing", ...WELL } : { phase: "watching", at: position, ...WELL };
}

/** One transition. Total: an event that a state does not know leaves it as it is. */
export function stepStreamer(state: StreamerState, event: StreamerEvent, rules: StreamerRules): StreamerStep {
  const { failures, gaps } = state;
  switch (event.type) {
    case "listed":
      if (state.phase === "polling" && state.reason === "not-watchable" && (state.lists + 1) % PROBE_EVERY !== 0)
        return { state: { ...state, ...WELL, lists: state.lists + 1 } };
      return { state: { phase: "watching", failures, gaps, at: event.version } };
    case "listed-incomparable":
      return { state: { phase: "polling", ...WELL, reason: "incomparable", lists: 0 } };
    case "list-failed":
      return afterTrouble(state, event.trouble, undefined, rules);
    case "watch-ended": {
      if (event.silent && event.livedMs < VERY_SHORT_MS) return { state: wait(state, undefined, event.at, rules) };
      const tally = tallyAfter(state, event.livedMs, rules);
      return { state: { phase: "watching", ...tally, unserved: undefined, at: event.at } };
    }
    case "watch-failed":
      return afterTrouble(tallyAfter(state, event.livedMs, rules), event.trouble, event.at, rules);
    case "gap":
      return { state: { phase: "listing", failures, gaps } };
    case "rewatch":
      return { state: { phase: "watching", failures, gaps, at: event.at } };
    case "elapsed": {
      if (state.phase !== "waiting") return { state };
      const { at, unserved } = state;
      return {
        state:
          at === undefined
            ? { phase: "listing", failures, gaps, unserved }
            : { phase: "watching", failures, gaps, unserved, at },
      };
    }
    default:
      return event satisfies never;
  }
}

/** A watch that lived long enough shows that all is well again. */
function tallyAfter({ failures, gaps, unserved }: Tally, livedMs: number, { backoff }: StreamerRules): Tally {
  return livedMs >= backoff.resetAfterMs ? WELL : { failures, gaps, unserved };
}

function wait(
  { failures, gaps }: Tally,
  retryAfterMs: number | undefined,
  at: ResourceVersion | undefined,
  { backoff, random }: StreamerRules,
): StreamerState {
  const ms = backoffMs(failures + 1, random, retryAfterMs, backoff);
  return { phase: "waiting", failures: failures + 1, gaps, ms, why: "failed", at };
}

/** Counted from the second 404 on: the first is no probe. An answer that is not a clear no starts over. */
function unservedAfter({ unserved }: Tally, served: boolean | undefined): number {
  return unserved === undefined || served !== false ? 0 : unserved + 1;
}

/** `at` is undefined when a list failed. */
function afterTrouble(
  tally: Tally,
  trouble: Trouble,
  at: ResourceVersion | undefined,
  rules: StreamerRules,
): StreamerStep {
  const { failures, gaps } = tally;
  switch (trouble.type) {
    case "expired":
    case "undecodable": {
      // The first time list at once; over and over that would be a loop of lists.
      const counted = { failures, gaps: gaps + 1 };
      const state: StreamerState =
        gaps === 0 ? { phase: "listing", ...counted } : wait(counted, undefined, undefined, rules);
      return at === undefined ? { state } : { state, desync: trouble.type };
    }
    case "poll":
      return { state: { phase: "polling", ...WELL, reason: trouble.reason, lists: 0 } };
    case "blocked": {
      const ms = Math.round(rules.backoff.probeMs * (1 + rules.random / 2));
      const unserved = trouble.reason === "gone" ? unservedAfter(tally, trouble.served) : undefined;
      const vanished = unserved === UNSERVED_PROBES;
      // What is served again after that is something else: a list.
      const next = vanished ? undefined : at;
      const waiting = { phase: "waiting", failures: failures + 1, gaps, unserved, ms, why: trouble.reason } as const;
      return { state: { ...waiting, at: next }, ...(vanished && { vanished }) };
    }
    case "retry":
      return { state: wait(tally, trouble.retryAfterMs, at, rules) };
    default:
      return trouble satisfies never;
  }
}
