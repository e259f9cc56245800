import { isResourceVersion, resourceName, type Scope } from "@krm/core";
import { formatDuration, type Freshness, worstState } from "@krm/protocol";
import { causedError } from "../answer/caused-error.ts";
import { type JudgedPart, oldestVersion } from "./view.ts";

/** How far a view can be trusted: the worst state of its parts, and the oldest of each time and version. */
export function freshnessOf(parts: readonly JudgedPart[], now: number): Freshness {
  return {
    state: worstState(parts.map((part) => part.state)),
    verifiedAt: oldestTime(parts.map((part) => part.meta.verifiedAt)),
    verifiedResourceVersion: oldestOfAll(parts.map((part) => part.meta.horizon)),
    streamedThrough: oldestOfAll(parts.map((part) => part.meta.streamedThrough)),
    lastContact: oldestTime(parts.map(({ meta }) => meta.lastContact)),
    warnings: summedUp(parts.flatMap((part) => warningsOf(part, now))),
  };
}

/** Clients cap the size of headers: beyond this many warnings the rest is counted. */
const MOST_WARNINGS = 8;

function summedUp(warnings: readonly string[]): readonly string[] {
  if (warnings.length <= MOST_WARNINGS) return warnings;
  return [...warnings.slice(0, MOST_WARNINGS), `and ${warnings.length - MOST_WARNINGS} more; see /status`];
}

/** A moment further ahead than this proves nothing: a clock has jumped. Milliseconds. */
const CLOCK_SLACK = 5000;

/**
 * The newest moment, wall clock, at which a part was known to agree with the API server: the last word of the watch
 * that is in the view, or the newest verification. Undefined: never.
 */
export function provedAt({ meta }: JudgedPart, now: number): number | undefined {
  const proofs = [meta.lastContact, meta.verifiedAt].filter((at) => at !== undefined && at <= now + CLOCK_SLACK);
  return proofs.length === 0 ? undefined : Math.max(...(proofs as number[]));
}

/**
 * Refuses a view that is not there. A part that syncs is worth waiting for; one that nobody lets KRM read is left out
 * of a union (the freshness warns of it), unless nothing remains.
 *
 * @param within The namespaces that its reader may hear of: how far a first list is tells of all of them. Undefined: all.
 * @throws StatusError 503
 */
export function requireView(parts: readonly JudgedPart[], within?: readonly string[]): void {
  const missing = parts.filter((part) => part.meta.version === undefined);
  const syncing = missing.find((part) => part.state === "syncing");
  if (syncing !== undefined) throw notSynced(syncing, within === undefined);
  const [blocked] = missing;
  if (blocked !== undefined && missing.length === parts.length) {
    throw causedError("ViewUnavailable", {
      code: 503,
      message: `${scopeName(blocked.scope)}: ${problem(blocked)}`,
      kind: blocked.scope.resource.resource,
      retryAfterSeconds: 30,
    });
  }
}

function notSynced(part: JudgedPart, inDetail: boolean): Error {
  const progress = inDetail ? part.reports.streamer?.progress : undefined;
  const far =
    progress === undefined
      ? ""
      : `: ${progress.objects}${progress.expected === undefined ? "" : ` of ${progress.expected}`} objects so far`;
  const why = part.error === undefined || !inDetail ? "" : ` (${part.error.message})`;
  return causedError("ViewSyncing", {
    code: 503,
    message: `the first list of ${scopeName(part.scope)} is not complete yet${far}${why}`,
    kind: part.scope.resource.resource,
    retryAfterSeconds: 1,
  });
}

/** A scope in a message for people: `pods`, `pods in namespace team-a`. */
export function scopeName(scope: Scope): string {
  const name = resourceName(scope.resource);
  return scope.namespace === undefined ? name : `${name} in namespace ${scope.namespace}`;
}

function warningsOf(part: JudgedPart, now: number): readonly string[] {
  const name = scopeName(part.scope);
  // A part that syncs holds the whole back: then there is no answer that it could be missing from.
  if (part.state === "syncing") return [];
  if (part.meta.version === undefined) return [`${name}: missing from this answer: ${problem(part)}`];
  switch (part.state) {
    case "synced":
      return unverified(part, now);
    case "stale":
      return [`${name}: stale, last contact with the API server ${ago(part.meta.lastContact, now)}${code(part)}`];
    case "snapshot-only":
      return [`${name}: not followed by a watch, this is the list of ${ago(part.meta.verifiedAt, now)}`];
    case "forbidden":
    case "gone":
    case "failed":
      return [`${name}: ${problem(part)}; this is the last view, verified ${ago(part.meta.verifiedAt, now)}`];
  }
}

/** The watch runs, but what it misses stays hidden: verification has failed more than once, may not be done, or has ended. */
function unverified(part: JudgedPart, now: number): readonly string[] {
  const { verifier, held } = part.reports;
  if (verifier === undefined) return [];
  const name = scopeName(part.scope);
  const last = `last verified ${ago(part.meta.verifiedAt, now)}`;
  if (held?.includes("verifier") === false) return [`${name}: nobody verifies it now, ${last}`];
  const { state } = verifier;
  if (!("error" in state) || (state.phase === "backing-off" && state.attempt < 2)) return [];
  return [`${name}: verification fails, ${last} (${state.error.code})`];
}

function problem(part: JudgedPart): string {
  switch (part.state) {
    case "forbidden":
      return `the API server refuses KRM's credentials${status(part)}`;
    case "gone":
      return `the API server does not serve the resource${status(part)}`;
    case "failed":
      return `the monitor cannot keep the view up to date${code(part)}`;
    case "synced":
    case "snapshot-only":
    case "stale":
    case "syncing":
      return `there is no view of it${code(part)}`;
  }
}

function status(part: JudgedPart): string {
  return part.error?.status === undefined ? "" : ` (${part.error.status})`;
}

function code(part: JudgedPart): string {
  return part.error === undefined ? "" : ` (${part.error.code})`;
}

function ago(at: number | undefined, now: number): string {
  if (at === undefined) return "never";
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  return `${formatDuration(seconds * 1000)} ago`;
}

/** The oldest time; unknown where one is unknown, since nothing then holds for the whole. */
function oldestTime(times: readonly (number | undefined)[]): Date | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 || known.length < times.length ? undefined : new Date(Math.min(...known));
}

/** The oldest version; unknown where one is unknown, or different ones cannot be ordered. */
function oldestOfAll(versions: readonly (string | undefined)[]): string | undefined {
  const known = new Set(versions.filter((version) => version !== undefined));
  if (versions.includes(undefined) || (known.size > 1 && ![...known].every(isResourceVersion))) return undefined;
  return oldestVersion(versions);
}
