import { compareResourceVersions, type ResourceVersion, type Shown, type Uid } from "@krm/core";

/** One answered write of the canary. Times of the monotonic clock, in milliseconds. */
export interface Write {
  readonly uid: Uid;
  readonly version: ResourceVersion;
  readonly created: boolean;
  readonly sentAt: number;
  readonly answeredAt: number;
  /** Wall clock, epoch milliseconds, when it was sent. */
  readonly writtenAt: number;
}

/** A write that the view has not shown yet. */
export interface Pending extends Write {
  /** It was told to be overdue. */
  readonly overdue: boolean;
}

/** What the view came to show of the canary's object. */
export interface Seen {
  /** Undefined: it is there no more. */
  readonly uid: Uid | undefined;
  readonly version: ResourceVersion;
  /** Monotonic milliseconds. */
  readonly at: number;
  /** Wall clock, epoch milliseconds. */
  readonly readAt: number;
  /** An event brought it; else a list or a verification. */
  readonly live: boolean;
}

/** A write that is on its way: its event may come before its answer. */
export interface Writing {
  /** What the stream had told when it was sent: whatever is written after that gets a later version. */
  readonly floor: ResourceVersion | undefined;
  /** What the view showed then. */
  readonly shown: Shown | undefined;
  /** What was seen since, oldest first. */
  readonly seen: readonly Seen[];
  /** What was told since is not known whole. */
  readonly gap: boolean;
}

/** What a canary waits for. */
export interface CanaryState {
  /** Oldest first, ascending by version; {@link MOST_PENDING} at most. */
  readonly pending: readonly Pending[];
  readonly writing: Writing | undefined;
  /** What the view shows of the object. Undefined: it does not hold it. */
  readonly shown: Shown | undefined;
  /** The version of the newest write. */
  readonly newest: ResourceVersion | undefined;
  /** The stream has told everything up to here. */
  readonly through: ResourceVersion | undefined;
  /** The stream is silent: since when the first overdue write was sent, monotonic milliseconds. */
  readonly silentSince: number | undefined;
  /** Writes in a row that a stream of the same history cannot have been ahead of; from the second on it was told. */
  readonly foreign: number;
}

/** What happens to a canary. `at`: monotonic milliseconds. */
export type CanaryInput =
  | { readonly type: "writing" }
  | { readonly type: "written"; readonly write: Write }
  /** It failed, or its answer says nothing. */
  | { readonly type: "not-written" }
  | { readonly type: "seen"; readonly seen: Seen }
  | { readonly type: "passed"; readonly through: ResourceVersion }
  /** The feed does not go on: what happened until it is begun anew is not known. */
  | { readonly type: "gap" }
  /** The feed is read from a moment on at which the view was like this. */
  | { readonly type: "begun"; readonly shown: Shown | undefined; readonly through: ResourceVersion | undefined }
  | { readonly type: "tick"; readonly at: number; readonly overdueAfterMs: number };

/** What is known from now on. Of every write one of `delay`, `lost` and `unknown` comes, in the end. */
export type CanaryOutcome =
  | { readonly type: "delay"; readonly write: Write; readonly seen: Seen }
  /** The stream has gone past it without telling. `shown`: what the view showed until then. */
  | { readonly type: "lost"; readonly write: Write; readonly shown: Shown | undefined }
  /** Neither a delay nor a loss: a list told it, it changed nothing, too much waits, or nobody can know. */
  | { readonly type: "unknown"; readonly write: Write }
  /** The view has not come so far within the bound; told once for each write. */
  | { readonly type: "overdue"; readonly write: Write }
  /** The first that is overdue: a silence begins. */
  | { readonly type: "silent"; readonly write: Write }
  /** The silence is over, which began then: nothing is overdue any more. */
  | { readonly type: "heard"; readonly silentSince: number }
  /** Two writes in a row got versions that the stream was past before they were sent: the cluster's history began anew. */
  | { readonly type: "new-history"; readonly write: Write; readonly floor: ResourceVersion };

/** So many writes are waited for at most: the oldest, and the newest. */
export const MOST_PENDING: number = 100;

/** A canary that waits for nothing. */
export const IDLE_CANARY: CanaryState = {
  pending: [],
  writing: undefined,
  shown: undefined,
  newest: undefined,
  through: undefined,
  silentSince: undefined,
  foreign: 0,
};

/** One step of the canary. */
export interface CanaryStep {
  readonly state: CanaryState;
  readonly outcomes: readonly CanaryOutcome[];
}

/** The whole rule of the canary: state and input give the next state, and what is known from then on. Pure. */
export function stepCanary(state: CanaryState, input: CanaryInput): CanaryStep {
  switch (input.type) {
    case "writing": {
      const { through: floor, shown } = state;
      return { state: { ...state, writing: { floor, shown, seen: [], gap: false } }, outcomes: [] };
    }
    case "not-written":
      return { state: { ...state, writing: undefined }, outcomes: [] };
    case "written":
      return written(state, input.write);
    case "seen":
      return seen(state, input.seen);
    case "passed":
      return passed(state, input.through);
    case "gap":
      return forget(state);
    case "begun": {
      const { state: next, outcomes } = forget(state);
      return { state: { ...next, shown: input.shown, through: input.through }, outcomes };
    }
    case "tick":
      return tick(state, input.at, input.overdueAfterMs);
    default:
      return input satisfies never;
  }
}

/** Its answer may come behind its event, and behind what shows that there will be none. */
function written(before: CanaryState, write: Write): CanaryStep {
  const { writing, newest, through } = before;
  const { version } = write;
  if (writing === undefined) return { state: before, outcomes: [{ type: "unknown", write }] };
  // It changed nothing: the answer is of what was there, of which everything is known, or waited for.
  if (version === newest || version === writing.shown?.resourceVersion)
    return { state: { ...before, writing: undefined }, outcomes: [{ type: "unknown", write }] };
  // What got later versions before it is of another history of the cluster: nobody can tell what comes of it.
  const restarted = newest !== undefined && !isAbove(version, newest);
  const { state, outcomes } = restarted ? abandon(before) : { state: before, outcomes: [] };
  const done = { ...state, writing: undefined, newest: version };
  const shown = shownBefore(writing, version);
  const own = writing.seen.find((one) => one.version === version && one.uid !== undefined);
  const event = own && judge(write, own, shown);
  if (event !== undefined) return { state: { ...done, foreign: 0 }, outcomes: [...outcomes, event] };
  const unknown: readonly CanaryOutcome[] = [...outcomes, { type: "unknown", write }];
  if (writing.gap) return { state: done, outcomes: unknown };
  const { floor } = writing;
  if (floor !== undefined && !isAbove(version, floor)) {
    const foreign = done.foreign + 1;
    return {
      state: { ...done, foreign },
      outcomes: foreign === 2 ? [...unknown, { type: "new-history", write, floor }] : unknown,
    };
  }
  if (restarted) return { state: done, outcomes: unknown };
  const known = { ...done, foreign: 0 };
  for (const one of writing.seen) {
    const outcome = judge(write, one, shown);
    if (outcome !== undefined) return { state: known, outcomes: [...outcomes, outcome] };
  }
  if (through !== undefined && !isAbove(version, through))
    return { state: known, outcomes: [...outcomes, { type: "lost", write, shown }] };
  return wait(known, write);
}

function wait(state: CanaryState, write: Write): CanaryStep {
  const pending = [...state.pending, { ...write, overdue: false }];
  if (pending.length <= MOST_PENDING) return { state: { ...state, pending }, outcomes: [] };
  const [dropped] = pending.splice(1, 1);
  return { state: { ...state, pending }, outcomes: dropped === undefined ? [] : [{ type: "unknown", write: dropped }] };
}

function seen(before: CanaryState, one: Seen): CanaryStep {
  const { writing } = before;
  const { state, outcomes } = settle(before, (write) => judge(write, one, before.shown));
  const shown = one.uid && { uid: one.uid, resourceVersion: one.version };
  const next = { ...state, shown, writing: writing && { ...writing, seen: [...writing.seen, one] } };
  return endSilence(next, outcomes);
}

function passed(before: CanaryState, through: ResourceVersion): CanaryStep {
  const { shown } = before;
  const { state, outcomes } = settle(before, (write) =>
    isAbove(write.version, through) ? undefined : { type: "lost", write, shown },
  );
  const next = { ...state, through };
  // A view that is told to be still where it was is no news.
  const moved = before.through !== undefined && isAbove(through, before.through);
  return moved ? endSilence(next, outcomes) : { state: next, outcomes };
}

/** What the canary knew of the stream and of the view is worth nothing; a silence goes on until something is told. */
function forget(before: CanaryState): CanaryStep {
  const { state, outcomes } = abandon(before);
  const { writing } = state;
  const unknown = { shown: undefined, newest: undefined, through: undefined, foreign: 0 };
  return { state: { ...state, ...unknown, writing: writing && { ...writing, gap: true } }, outcomes };
}

function abandon(state: CanaryState): CanaryStep {
  return settle(state, (write) => ({ type: "unknown", write }));
}

function tick(state: CanaryState, at: number, overdueAfterMs: number): CanaryStep {
  const late = state.pending.filter(({ overdue, sentAt }) => !overdue && at - sentAt >= overdueAfterMs);
  const [first] = late;
  if (first === undefined) return { state, outcomes: [] };
  const pending = state.pending.map((write) => (late.includes(write) ? { ...write, overdue: true } : write));
  const outcomes = late.map((write): CanaryOutcome => ({ type: "overdue", write }));
  if (state.silentSince !== undefined) return { state: { ...state, pending }, outcomes };
  return {
    state: { ...state, pending, silentSince: first.sentAt },
    outcomes: [...outcomes, { type: "silent", write: first }],
  };
}

function settle(state: CanaryState, how: (write: Write) => CanaryOutcome | undefined): CanaryStep {
  const outcomes: CanaryOutcome[] = [];
  const pending = state.pending.filter((write) => {
    const outcome = how(write);
    if (outcome !== undefined) outcomes.push(outcome);
    return outcome === undefined;
  });
  return { state: { ...state, pending }, outcomes };
}

function endSilence(state: CanaryState, outcomes: readonly CanaryOutcome[]): CanaryStep {
  const { silentSince, pending } = state;
  if (silentSince === undefined || pending.some(({ overdue }) => overdue)) return { state, outcomes };
  return { state: { ...state, silentSince: undefined }, outcomes: [...outcomes, { type: "heard", silentSince }] };
}

/** What it means for a write that the view came to show this. Undefined: nothing. */
function judge(
  write: Write,
  { uid, version, live, at, readAt }: Seen,
  shown: Shown | undefined,
): CanaryOutcome | undefined {
  if (version === write.version && uid !== undefined)
    return live ? { type: "delay", write, seen: { uid, version, live, at, readAt } } : { type: "unknown", write };
  // A list that does not hold it says at no version of its own that it went.
  if (!live && uid === undefined) return { type: "unknown", write };
  if (!isAbove(version, write.version)) return undefined;
  // A later event of the same object: the stream tells them in order.
  return live ? { type: "lost", write, shown } : { type: "unknown", write };
}

/** What the view showed before a write's own version, as far as it has been seen. */
function shownBefore({ seen: all, shown }: Writing, version: ResourceVersion): Shown | undefined {
  const last = all.findLast((one) => isAbove(version, one.version));
  return last === undefined ? shown : last.uid && { uid: last.uid, resourceVersion: last.version };
}

function isAbove(a: ResourceVersion, b: ResourceVersion): boolean {
  return compareResourceVersions(a, b) > 0;
}
