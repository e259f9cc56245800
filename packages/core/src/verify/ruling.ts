import type { Doubt } from "../merge/doubt.ts";
import { compareResourceVersions, type ResourceVersion } from "../model/resource-version.ts";
import type { SnapshotEntry } from "../model/snapshot.ts";
import type { StoredObject } from "../model/stored-object.ts";
import type { Suspect } from "./compare.ts";

/** What asking one object by name settles. */
export interface Ruling {
  /** What the snapshot should say of the key instead of what the list said. Undefined: that stands. */
  readonly entry?: SnapshotEntry | "absent";
  /** What the stream must pass first. */
  readonly doubt?: Doubt;
  /** The list is refuted by the object itself. */
  readonly contradicted?: boolean;
  /** List and object agree on a state older than the stream told: one of another history of the cluster. */
  readonly foreign?: boolean;
  /** The answer was older than the list: a cache in between gave it. It settles nothing. */
  readonly outdated?: boolean;
}

/** When, and against what, an answer is ruled on. */
export interface RulingTerms {
  /** The list's version. */
  readonly horizon: ResourceVersion;
  /**
   * What was verified before. A list that shows an object older than that, of which the stream has told the end, or which
   * was not there then, shows a ghost.
   */
  readonly verified: ResourceVersion | undefined;
  /** The version of a list that was asked for after the objects: an absence is at or below it. */
  readonly after: ResourceVersion | undefined;
}

/**
 * Rules on what an object said of itself. A GET without a version is read from the store behind the API server, so that
 * it proves what the object was at its own version, and, where that is at or below the list's, what it was in the list.
 */
export function rule(suspect: Suspect, reply: StoredObject | undefined, terms: RulingTerms): Ruling {
  return reply === undefined ? ruleAbsent(suspect, terms) : rulePresent(suspect, reply, terms);
}

function ruleAbsent({ key, shown, listed, moreKnown }: Suspect, { verified, after }: RulingTerms): Ruling {
  if (after === undefined) return {};
  if (listed === undefined) return { doubt: { key, until: after, found: undefined, listed: undefined } };
  const ghost =
    shown === undefined &&
    !moreKnown &&
    verified !== undefined &&
    compareResourceVersions(listed.resourceVersion, verified) <= 0;
  if (ghost) return { entry: "absent", contradicted: true };
  return { doubt: { key, until: after, found: undefined, listed: revisionOf(listed) } };
}

function rulePresent({ key, shown, listed }: Suspect, found: StoredObject, { horizon }: RulingTerms): Ruling {
  const { uid, resourceVersion } = found;
  const is = (other: Suspect["shown"] | Suspect["listed"]): boolean =>
    other !== undefined && other.uid === uid && other.resourceVersion === resourceVersion;
  if (compareResourceVersions(resourceVersion, horizon) <= 0) {
    if (is(listed)) {
      if (is(shown)) return {};
      const older = shown !== undefined && compareResourceVersions(resourceVersion, shown.resourceVersion) < 0;
      return { entry: { uid, resourceVersion, object: found }, ...(older && { foreign: true }) };
    }
    const newest = [shown, listed].some(
      (other) => other !== undefined && compareResourceVersions(resourceVersion, other.resourceVersion) < 0,
    );
    if (newest) return { outdated: true };
    // Unchanged since before the list's version, and yet not what the list says.
    const entry: SnapshotEntry = is(shown) ? { uid, resourceVersion } : { uid, resourceVersion, object: found };
    return { entry, contradicted: true };
  }
  const doubt = { key, until: resourceVersion, found };
  // The same life before and after the list's version: it was there, whatever the list says.
  if (listed === undefined && shown?.uid === uid) {
    const entry = revisionOf(shown);
    return { entry, contradicted: true, doubt: { ...doubt, listed: entry } };
  }
  return { doubt: { ...doubt, listed: listed && revisionOf(listed) } };
}

function revisionOf({ uid, resourceVersion }: SnapshotEntry): Pick<SnapshotEntry, "uid" | "resourceVersion"> {
  return { uid, resourceVersion };
}
