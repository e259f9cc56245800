import { compareResourceVersions, type ResourceVersion } from "@krm/core";

/** One write of the canary that the stream has not told of yet. Times of the monotonic clock, in milliseconds. */
export interface Pending {
  readonly version: ResourceVersion;
  readonly created: boolean;
  /** The version that it replaced, where that is known. */
  readonly previous: ResourceVersion | undefined;
  readonly sentAt: number;
  readonly answeredAt: number;
  /** Wall clock, epoch milliseconds, when it was sent. */
  readonly writtenAt: number;
  /** It was told to be overdue. */
  readonly overdue: boolean;
}

/** What a canary waits for. */
export interface CanaryState {
  /** Ascending by version. */
  readonly pending: readonly Pending[];
  /** A write is on its way: its event may come before its answer. When it was sent. */
  readonly writing: number | undefined;
  /** What was seen since that write was sent, and when. */
  readonly seen: readonly { readonly version: ResourceVersion; readonly at: number; readonly live: boolean }[];
  /** The stream has told everything up to here. */
  readonly through: ResourceVersion | undefined;
  /** What was told since that write was sent is not known whole. */
  readonly gap: boolean;
}

/** What happens to a canary. `at`: monotonic milliseconds. */
export type CanaryInput =
  | { readonly type: "writing"; readonly at: number }
  | { readonly type: "written"; readonly write: Omit<Pending, "overdue"> }
  | { readonly type: "not-written" }
  /** The view shows the object at a version. `live`: an event brought it; else a list or a verification. */
  | { readonly type: "seen"; readonly version: ResourceVersion; readonly at: number; readonly live: boolean }
  | { readonly type: "passed"; readonly through: ResourceVersion }
  /** The feed was begun anew: what happened until now is not known. */
  | { readonly type: "gap" }
  | { readonly type: "tick"; readonly at: number; readonly overdueAfterMs: number };

/** What is known of a write from now on. */
export type CanaryOutcome =
  | { readonly type: "delay"; readonly write: Pending; readonly seenAt: number }
  /** The stream has gone past it without telling. */
  | { readonly type: "lost"; readonly write: Pending }
  /** A list or a verification told it, or nobody knows: neither a delay nor a loss. */
  | { readonly type: "unknown"; readonly write: Pending }
  /** The stream has not come so far within the bound; told once for each write. */
  | { readonly type: "overdue"; readonly write: Pending };

/** A canary that waits for nothing. */
export const IDLE_CANARY: CanaryState = { pending: [], writing: undefined, seen: [], through: undefined, gap: false };

/** The whole rule of the canary: state and input give the next state, and what became of which write. Pure. */
export function stepCanary(
  state: CanaryState,
  input: CanaryInput,
): { readonly state: CanaryState; readonly outcomes: readonly CanaryOutcome[] } {
  switch (input.type) {
    case "writing":
      return { state: { ...state, writing: input.at, seen: [], gap: false }, outcomes: [] };
    case "not-written":
      return { state: { ...state, writing: undefined, seen: [] }, outcomes: [] };
    case "written":
      return written(state, { ...input.write, overdue: false });
    case "seen":
      return seen(state, input);
    case "passed":
      return settle({ ...state, through: input.through }, ({ version }) =>
        compareResourceVersions(version, input.through) <= 0 ? "lost" : undefined,
      );
    case "gap":
      return settle({ ...state, through: undefined, gap: true }, () => "unknown");
    case "tick":
      return tick(state, input.at, input.overdueAfterMs);
    default:
      return input satisfies never;
  }
}

type Stepped = ReturnType<typeof stepCanary>;

/** Its answer may come behind its event, and behind what shows that there will be none. */
function written(state: CanaryState, write: Pending): Stepped {
  const done = { ...state, writing: undefined, seen: [] };
  const own = state.seen.find(({ version }) => version === write.version);
  if (own !== undefined) return { state: done, outcomes: [outcomeOf(write, own)] };
  if (state.gap) return { state: done, outcomes: [{ type: "unknown", write }] };
  const later = state.seen.find(({ version }) => compareResourceVersions(version, write.version) > 0);
  if (later !== undefined) return { state: done, outcomes: [{ type: later.live ? "lost" : "unknown", write }] };
  const passed = state.through !== undefined && compareResourceVersions(state.through, write.version) >= 0;
  if (passed) return { state: done, outcomes: [{ type: "lost", write }] };
  return { state: { ...done, pending: [...state.pending, write] }, outcomes: [] };
}

function seen(state: CanaryState, event: Extract<CanaryInput, { type: "seen" }>): Stepped {
  const remembered = state.writing === undefined ? state.seen : [...state.seen, event];
  const outcomes: CanaryOutcome[] = [];
  const pending = state.pending.filter((write) => {
    const order = compareResourceVersions(write.version, event.version);
    if (order > 0) return true;
    // A later version of the same object: the stream tells them in order.
    outcomes.push(order === 0 ? outcomeOf(write, event) : { type: event.live ? "lost" : "unknown", write });
    return false;
  });
  return { state: { ...state, pending, seen: remembered }, outcomes };
}

function outcomeOf(write: Pending, { live, at }: { readonly live: boolean; readonly at: number }): CanaryOutcome {
  return live ? { type: "delay", write, seenAt: at } : { type: "unknown", write };
}

function settle(state: CanaryState, how: (write: Pending) => "lost" | "unknown" | undefined): Stepped {
  const outcomes: CanaryOutcome[] = [];
  const pending = state.pending.filter((write) => {
    const type = how(write);
    if (type !== undefined) outcomes.push({ type, write });
    return type === undefined;
  });
  return { state: { ...state, pending }, outcomes };
}

function tick(state: CanaryState, at: number, overdueAfterMs: number): Stepped {
  const late = (write: Pending): boolean => !write.overdue && at - write.sentAt >= overdueAfterMs;
  if (!state.pending.some(late)) return { state, outcomes: [] };
  return {
    state: { ...state, pending: state.pending.map((write) => (late(write) ? { ...write, overdue: true } : write)) },
    outcomes: state.pending.filter(late).map((write) => ({ type: "overdue", write })),
  };
}
