import type { Doubt } from "../merge/doubt.ts";
import type { VerifiedInput } from "../merge/merge-input.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { compareResourceVersions, newestResourceVersion, type ResourceVersion } from "../model/resource-version.ts";
import type { SnapshotEntry } from "../model/snapshot.ts";
import { noTelemetry, type Telemetry } from "../ports/telemetry.ts";
import { askObjects, type Replies } from "./ask-objects.ts";
import { compareWithList, type Comparison, type Suspect } from "./compare.ts";
import type { FrozenView } from "./frozen-view.ts";
import type { KnownLies } from "./known-lies.ts";
import { isServerFault } from "./list-modes.ts";
import { rule, type Ruling } from "./ruling.ts";
import type { Sampler } from "./sampler.ts";
import { type TakenList, takeList, type TakeListOptions } from "./take-list.ts";
import type { VerifySink } from "./verify-sink.ts";

/** One verification. */
export interface RoundOptions extends TakeListOptions {
  readonly sink: VerifySink;
  readonly random: () => number;
  readonly telemetry?: Telemetry | undefined;
  readonly sampler: Sampler;
  /** From round to round. */
  readonly lies: KnownLies;
  /** Objects to ask by name although nothing speaks against them. */
  readonly samples: number;
  /** Keys of which the round before left something open. */
  readonly doubted?: ReadonlySet<ObjectKey> | undefined;
  /** The newest state, because the stream has not moved since the last verification. */
  readonly latest: boolean;
  /** With every body, because the last settlement lacked one. */
  readonly inFull: boolean;
}

/** What came of it. */
export interface RoundOutcome {
  readonly input: VerifiedInput;
  /** Keys that list and stream told differently, and the list was right. */
  readonly suspects: number;
  readonly samples: number;
  /** A sample was not what list and stream agreed on. */
  readonly sampled: boolean;
  /** The list was older than the stream. */
  readonly behind: boolean;
  /** An object is older than the stream told, by its own account and the list's: this is another history of the cluster. */
  readonly foreign: boolean;
  /** Suspects that something was left open of: the merge may know more of them than the view shows. */
  readonly doubted: ReadonlySet<ObjectKey>;
  /** The merge has decided everything when the stream has passed this. */
  readonly until: ResourceVersion | undefined;
}

/** How long a list of the newest state waits for the stream to pass it, in milliseconds: a bookmark comes each minute. */
const PATIENCE_MS = 75_000;

/** Suspects that are asked by name one by one; of more than that, as many, and the others are believed to the list. */
const MOST_ASKED = 100;

/**
 * Lists the scope, compares that with what the stream had told at the list's version, and asks every suspect, and some
 * that are not, by name. Undefined: versions cannot be ordered, so there is nothing to compare.
 */
export async function verifyRound(options: RoundOptions, view: FrozenView): Promise<RoundOutcome | undefined> {
  const { sink, signal, latest, inFull } = options;
  const taken = await takeList(options, view, { exact: !latest, bodies: inFull ? "everything" : "none" });
  if (taken === undefined) return undefined;
  const horizon = taken.snapshot.resourceVersion;
  if (taken.exact) return confirm(options, view, taken);
  if (!(await sink.passed(horizon, PATIENCE_MS, signal))) return unconfirmed(options, view, taken);
  // The journal of the merge tells what the stream showed at the list's version; here, what it shows now will do.
  return confirm(options, await sink.look(signal), taken, view);
}

/**
 * The stream is not there yet: what differs may be on its way, and the list settles the view as it stands. What both tell
 * alike is sampled all the same.
 */
async function unconfirmed(
  options: RoundOptions,
  view: FrozenView,
  taken: TakenList,
): Promise<RoundOutcome | undefined> {
  const now = await options.sink.look(options.signal);
  // A list that shows nothing else than the view needs no bodies.
  const enough = taken.bodies || compareWithList(now, taken.snapshot).suspects.length === 0;
  const whole = enough ? taken : await takeList(options, now, { exact: false, bodies: "unknown" });
  if (whole === undefined) return undefined;
  const { agreeing } = compareWithList(now, whole.snapshot);
  const samples = sample(options, now, whole, agreeing);
  const rulings = await askAndRule(options, samples, whole, view);
  const corrected = correct(whole, rulings);
  return outcome(view, corrected, {
    suspects: 0,
    samples: samples.length,
    sampled: corrected.contradicted.length > 0,
    doubted: new Set(),
    foreign: false,
  });
}

interface Corrected extends Pick<TakenList, "snapshot" | "mode"> {
  readonly doubts: readonly Doubt[];
  readonly contradicted: readonly ObjectKey[];
}

function outcome(
  view: FrozenView,
  { snapshot, mode, doubts, contradicted }: Corrected,
  counts: Pick<RoundOutcome, "suspects" | "samples" | "sampled" | "doubted" | "foreign">,
): RoundOutcome {
  const behind = view.position !== undefined && compareResourceVersions(snapshot.resourceVersion, view.position) < 0;
  let until: ResourceVersion | undefined;
  for (const doubt of doubts) until = newestResourceVersion(until, doubt.until);
  const input: VerifiedInput = { type: "verified", epoch: view.epoch, snapshot, mode, doubts, contradicted };
  return { input, ...counts, behind, until };
}

async function confirm(
  options: RoundOptions,
  view: FrozenView,
  taken: TakenList,
  before?: FrozenView,
): Promise<RoundOutcome | undefined> {
  const began = before ?? view;
  const comparison = compareWithList(view, taken.snapshot, before, options.doubted);
  const { suspects, agreeing } = comparison;
  const ruled = ruleKnown(options.lies, suspects);
  const chosen = choose(
    suspects.filter(({ key }) => !ruled.has(key)),
    options.random,
  );
  const samples = sample(options, view, taken, agreeing);
  const rulings = new Map([...ruled, ...(await askAndRule(options, [...chosen, ...samples], taken, began))]);
  options.lies.learn(taken.snapshot, rulings);
  const { telemetry = noTelemetry } = options;
  if (chosen.length > 0) telemetry.add("krm_sampled_objects_total", { why: "suspect" }, chosen.length);
  const list = await withBodies(options, view, taken, comparison, rulings);
  if (list === undefined) return undefined;
  // The list had to be taken again, of a newer state: nothing that was ruled fits it.
  if (list.snapshot.resourceVersion !== taken.snapshot.resourceVersion) return unconfirmed(options, began, list);
  const corrected = correct(list, rulings);
  const refuted = new Set(corrected.contradicted);
  return outcome(began, corrected, {
    suspects: suspects.filter(({ key }) => !refuted.has(key)).length,
    samples: samples.length,
    doubted: new Set(chosen.flatMap(({ key }) => (rulings.get(key)?.doubt === undefined ? [] : [key]))),
    foreign: [...rulings.values()].some(({ foreign }) => foreign === true),
    sampled: samples.some(({ key }) => refuted.has(key)),
  });
}

function ruleKnown(lies: KnownLies, suspects: readonly Suspect[]): ReadonlyMap<ObjectKey, Ruling> {
  const ruled = new Map<ObjectKey, Ruling>();
  for (const suspect of suspects) {
    const ruling = lies.rule(suspect);
    if (ruling !== undefined) ruled.set(suspect.key, ruling);
  }
  return ruled;
}

/** Some of the keys of which list and view tell the same. */
function sample(
  { sampler, samples, telemetry = noTelemetry }: RoundOptions,
  view: FrozenView,
  { snapshot }: TakenList,
  agreeing: readonly ObjectKey[],
): readonly Suspect[] {
  const keys = sampler.take(agreeing, samples);
  if (keys.length > 0) telemetry.add("krm_sampled_objects_total", { why: "sample" }, keys.length);
  return keys.map((key) => ({ key, shown: view.at(key), listed: snapshot.entries.get(key), moreKnown: false }));
}

/** What the objects that could be asked say. `began`: the view when the verification began. */
async function askAndRule(
  options: RoundOptions,
  asked: readonly Suspect[],
  { snapshot }: TakenList,
  began: FrozenView,
): Promise<ReadonlyMap<ObjectKey, Ruling>> {
  const rulings = new Map<ObjectKey, Ruling>();
  const replies = await ask(options, asked);
  if (replies === undefined) return rulings;
  const { of, after } = replies;
  const terms = { horizon: snapshot.resourceVersion, verified: began.horizon, after };
  for (const suspect of asked)
    if (of.has(suspect.key)) rulings.set(suspect.key, rule(suspect, of.get(suspect.key), terms));
  return rulings;
}

/** All, or so many by chance. */
function choose(suspects: readonly Suspect[], random: () => number): readonly Suspect[] {
  if (suspects.length <= MOST_ASKED) return suspects;
  const left = [...suspects];
  return Array.from({ length: MOST_ASKED }, () => left.splice(Math.floor(random() * left.length), 1)[0] as Suspect);
}

async function ask(
  { listWatch, sink, modes, clock, logger, signal }: RoundOptions,
  asked: readonly Suspect[],
): Promise<Replies | undefined> {
  const now = clock.monotonic();
  if (asked.length === 0 || !modes.can("get", now)) return undefined;
  const keys = asked.map(({ key }) => key);
  let replies: Replies | undefined;
  try {
    replies = await askObjects(listWatch, keys, sink.position, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!isServerFault(error) || !modes.failed("get", now)) throw error;
    logger.warn({ err: error }, "single objects cannot be read, again and again; believing lists for an hour");
    return undefined;
  }
  modes.works("get");
  if (replies === undefined && modes.lacks("get", now))
    logger.warn({}, "single objects may not be read: what a list shows is not confirmed. Allow the verb get");
  return replies;
}

/** The list with the bodies that settling it needs, where asking by name has not brought them. */
async function withBodies(
  options: RoundOptions,
  view: FrozenView,
  taken: TakenList,
  { suspects }: Comparison,
  rulings: ReadonlyMap<ObjectKey, Ruling>,
): Promise<TakenList | undefined> {
  const lacking = suspects.some(({ key, listed }) => {
    const ruling = rulings.get(key);
    const settled = ruling !== undefined && ruling.outdated !== true;
    return listed !== undefined && listed.object === undefined && !settled;
  });
  if (!lacking) return taken;
  const whole = await takeList(options, view, { exact: taken.exact, bodies: "unknown" });
  return whole && { ...whole, mode: taken.mode };
}

function correct({ snapshot, mode }: TakenList, rulings: ReadonlyMap<ObjectKey, Ruling>): Corrected {
  const entries = new Map<ObjectKey, SnapshotEntry>(snapshot.entries);
  const doubts: Doubt[] = [];
  const contradicted: ObjectKey[] = [];
  for (const [key, { entry, doubt, contradicted: refuted }] of rulings) {
    if (entry === "absent") entries.delete(key);
    else if (entry !== undefined) entries.set(key, entry);
    if (doubt !== undefined) doubts.push(doubt);
    if (refuted === true) contradicted.push(key);
  }
  return { snapshot: { ...snapshot, entries }, mode, doubts, contradicted };
}
