import { statusError, type StatusError, tooLargeResourceVersion } from "@krm/apimachinery";
import { compareResourceVersions, type ResourceVersion, type Scope, type WatchRequest } from "@krm/core";
import { watchListRefused } from "../api-server/watch-list-refused.ts";
import type { SimObject } from "../cluster/sim-object.ts";
import type { SeededRandom } from "../random/seeded-random.ts";
import type { ClusterReader } from "../watch-cache/cluster-reader.ts";

/**
 * What becomes of a watch that asks for initial events: `ok`; `refused` with 422, as by a server without the feature;
 * `ignored`: a plain watch, of what comes from now or the version asked for; `no-marker`: every object comes and the
 * watch goes on, but no bookmark ends them; `closes-early`: half of the objects come, and the watch ends in good order;
 * `error-frame`: half of them come, and an ERROR.
 */
export type InitialEvents = "ok" | "refused" | "ignored" | "no-marker" | "closes-early" | "error-frame";

/** How a watch begins that asked for initial events. */
export interface InitialState {
  /** One ADDED for each. */
  readonly objects: readonly SimObject[];
  /** What they show, and from where the watch goes on. */
  readonly resourceVersion: string;
  readonly after: "marker" | "nothing" | "end" | StatusError;
}

/**
 * The initial events of a watch, in no order.
 *
 * @throws StatusError 422 where they are refused, 504 for a version that the server does not have yet.
 */
export function initialState(
  reader: ClusterReader,
  scope: Scope,
  { resourceVersion: least }: WatchRequest,
  mode: InitialEvents,
  random: SeededRandom,
): InitialState {
  if (mode === "refused") throw watchListRefused();
  if (mode === "ignored") return { objects: [], resourceVersion: least ?? reader.version, after: "nothing" };
  if (least !== undefined && compareResourceVersions(reader.version as ResourceVersion, least) < 0) {
    throw tooLargeResourceVersion(least, reader.version);
  }
  const { items, resourceVersion } = reader.list(scope.resource, { namespace: scope.namespace });
  const objects = shuffled(items, random);
  const half = objects.slice(0, Math.ceil(objects.length / 2));
  switch (mode) {
    case "ok":
      return { objects, resourceVersion, after: "marker" };
    case "no-marker":
      return { objects, resourceVersion, after: "nothing" };
    case "closes-early":
      return { objects: half, resourceVersion, after: "end" };
    case "error-frame": {
      const message = "Internal error occurred: the initial events cannot be read";
      return {
        objects: half,
        resourceVersion,
        after: statusError({ code: 500, reason: "InternalError", message }),
      };
    }
  }
}

function shuffled<T>(from: readonly T[], random: SeededRandom): T[] {
  return from
    .map((element) => ({ element, at: random.next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ element }) => element);
}
