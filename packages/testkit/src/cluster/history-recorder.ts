import {
  compareResourceVersions,
  parseResourceVersion,
  type ResourceVersion,
  resourceId,
  type ResourceType,
} from "@krm/core";
import { keyOf } from "./collection.ts";
import type { SimCluster } from "./sim-cluster.ts";
import type { ClusterEvent, SimObject } from "./sim-object.ts";

/** An object that was there when recording began (`INITIAL`, at the version the cluster had then), or a committed change. */
export interface HistoryChange {
  readonly type: "INITIAL" | ClusterEvent["type"];
  /** Like `apps/v1/deployments`. */
  readonly resource: string;
  readonly resourceVersion: string;
  /** `namespace/name`, or the name alone. */
  readonly key: string;
  readonly uid: string;
  /** The state after; of a deletion the last state. */
  readonly object: SimObject;
  /**
   * When it was committed, epoch milliseconds: the event's own time, by the clock that is right, whatever the cluster's
   * own shows. Of an `INITIAL`: when the recording began.
   */
  readonly at: number;
}

/** One line of a recorded history. */
export type HistoryLine =
  /** Recording began here: always the first line. */
  | { readonly type: "STARTED"; readonly resourceVersion: string; readonly at: number }
  | HistoryChange
  /** The cluster went back to this version: what was recorded above it is void. */
  | { readonly type: "RESTORED"; readonly resourceVersion: string; readonly at: number };

/**
 * Records the true history of a cluster, one JSON text a line: first what is there, then every committed change of every
 * resource, in order. `write` gets each line with its line break. Returns how to stop.
 *
 * @example
 * const file = createWriteStream("history.ndjson");
 * const stop = recordHistory(cluster, (line) => file.write(line));
 */
export function recordHistory(cluster: SimCluster, write: (line: string) => void): () => void {
  const put = (line: HistoryLine): void => write(`${JSON.stringify(line)}\n`);
  put({ type: "STARTED", resourceVersion: cluster.version, at: cluster.clock.truth.now() });
  for (const resource of cluster.resources) {
    const { resourceVersion, items } = cluster.list(resource);
    for (const object of items) {
      put({
        type: "INITIAL",
        resource: resourceId(resource),
        resourceVersion,
        key: keyOf(object),
        uid: object.metadata.uid,
        object,
        at: cluster.clock.truth.now(),
      });
    }
  }
  const stopEvents = cluster.subscribe((event) => {
    const { type, resource, resourceVersion, object, at } = event;
    const { uid } = object.metadata;
    put({ type, resource: resourceId(resource), resourceVersion, key: keyOf(object), uid, object, at });
  });
  const stopRestores = cluster.subscribeRestores((resourceVersion) => {
    put({ type: "RESTORED", resourceVersion, at: cluster.clock.truth.now() });
  });
  return () => {
    stopEvents();
    stopRestores();
  };
}

/** A recorded history, to be asked. */
export interface History {
  /** The newest version in it; undefined: nothing was recorded. */
  readonly version: string | undefined;
  /**
   * The state of a resource at a version: key to object, in the order of the keys. A version between two changes is the
   * state after the older one.
   *
   * @throws RangeError for a version below the one at which recording began, or above the newest recorded one.
   */
  stateAt(
    resource: Pick<ResourceType, "group" | "version" | "resource">,
    version: string,
  ): ReadonlyMap<string, SimObject>;
  /** The changes of a resource, oldest first; after a restore only those that stand. */
  changes(resource: Pick<ResourceType, "group" | "version" | "resource">): readonly HistoryChange[];
}

/**
 * Reads lines that {@link recordHistory} wrote. A last line that was cut (the recorder was stopped in the middle of it)
 * is left out.
 *
 * @throws SyntaxError for any other line that is not JSON; RangeError for a restore to before the recording began.
 */
export function readHistory(lines: Iterable<string>): History {
  const byResource = new Map<string, HistoryChange[]>();
  let first: ResourceVersion | undefined;
  let newest: ResourceVersion | undefined;
  for (const line of parsedLines(lines)) {
    const version = parseResourceVersion(line.resourceVersion);
    first ??= version;
    newest = version;
    if (line.type === "RESTORED") {
      if (compareResourceVersions(version, first) < 0) {
        throw new RangeError(`the cluster was restored to version ${version}, before the recording began at ${first}`);
      }
      for (const [resource, all] of byResource) byResource.set(resource, upTo(all, version));
    } else if (line.type !== "STARTED") {
      const all = byResource.get(line.resource) ?? [];
      all.push(line);
      byResource.set(line.resource, all);
    }
  }
  return {
    version: newest,
    changes: (resource) => byResource.get(resourceId(resource)) ?? [],
    stateAt(resource, version) {
      const at = parseResourceVersion(version);
      if (first === undefined || newest === undefined) throw new RangeError("the recorded history is empty");
      if (compareResourceVersions(at, first) < 0 || compareResourceVersions(at, newest) > 0) {
        throw new RangeError(`version ${version} was not recorded: the history goes from ${first} to ${newest}`);
      }
      const state = new Map<string, SimObject>();
      for (const line of upTo(byResource.get(resourceId(resource)) ?? [], at)) {
        if (line.type === "DELETED") state.delete(line.key);
        else state.set(line.key, line.object);
      }
      return new Map([...state].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    },
  };
}

function upTo(lines: readonly HistoryChange[], version: ResourceVersion): HistoryChange[] {
  return lines.filter((line) => compareResourceVersions(line.resourceVersion as ResourceVersion, version) <= 0);
}

function* parsedLines(lines: Iterable<string>): Iterable<HistoryLine> {
  let failure: unknown;
  for (const line of lines) {
    if (line.trim() === "") continue;
    if (failure !== undefined) throw failure;
    try {
      yield JSON.parse(line) as HistoryLine;
    } catch (error) {
      failure = error;
    }
  }
}
