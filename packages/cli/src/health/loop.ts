import { type RolePhase, scopeId } from "@krm/core";
import type { RoleAtWork } from "@krm/metrics/prometheus";

/** The loop of one role of one scope, as it looks at one moment. */
export interface Loop {
  /** `v1/pods streamer`. */
  readonly name: string;
  /** What it does, for people. */
  readonly doing: string;
  /** Another text whenever it has gone on. */
  readonly mark: string;
  /**
   * How long, in milliseconds, it may look the same: what it does has time limits of its own, and this is well above them.
   * Undefined: for as long as it likes.
   */
  readonly limitMs: number | undefined;
}

const MINUTE_MS = 60_000;

/**
 * A list is given up after 75 s without an answer, and 60 s without another part of it; before that it may have waited for
 * its turn. A watch is opened within 65 s, and ended after ten minutes, by the API server or for want of news.
 */
const REQUEST_MS = 15 * MINUTE_MS;
/** After the end of a pause, when the next list may wait for its turn. */
const OVERDUE_MS = 15 * MINUTE_MS;
/** A write takes seconds; one that fails is told as such. */
const MERGING_MS = 5 * MINUTE_MS;

/**
 * How the loop of a role looks. Who has not got the role, or waits for something that another process brings, has no limit.
 * Durations come from differences of one clock, so that a clock that is put right does no harm. Pure.
 *
 * @param written Another text after each write of the view, of a merger.
 */
export function loopOf({ role, scope, standing, report }: RoleAtWork, written: string): Loop {
  const name = `${scopeId(scope)} ${role}`;
  const free = { name, mark: "", limitMs: undefined };
  if (standing !== "holding" || report === undefined) return { ...free, doing: standing ?? "starting" };
  if ("state" in report) {
    const { state, progress, lastContact, failures } = report;
    const counts = "events" in report ? [report.events, report.bookmarks] : [report.requests];
    const mark = JSON.stringify([state, progress, lastContact, failures, counts]);
    return { name, doing: state.phase, mark, limitMs: limitOf(state) };
  }
  const { queued, failing } = report;
  if (queued === 0 || failing !== undefined) return { ...free, doing: "waiting" };
  return { name, doing: "merging", mark: `${queued} ${written}`, limitMs: MERGING_MS };
}

function limitOf(state: RolePhase): number | undefined {
  switch (state.phase) {
    case "idle":
    case "stopped":
      return undefined;
    case "listing":
    case "connecting":
    case "watching":
      return REQUEST_MS;
    case "waiting":
    case "polling":
    case "backing-off":
    case "blocked":
      return state.until - state.since + OVERDUE_MS;
    default:
      return state satisfies never;
  }
}
