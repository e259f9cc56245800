import { tooLargeResourceVersion } from "@krm/apimachinery";
import {
  type Clock,
  compareResourceVersions,
  isResourceVersion,
  type Scope,
  type StalenessBounds,
  type Store,
} from "@krm/core";
import { formatDuration } from "@krm/protocol";
import { causedError } from "../answer/caused-error.ts";
import { provedAt, scopeName } from "./trust.ts";
import { judgeParts, type JudgedPart, viewVersion } from "./view.ts";

/** How new a reader wants the view to be. */
export interface Demand {
  /** Not older than this version; undefined: any. */
  readonly version: string | undefined;
  /** Proved to be at most this old, in milliseconds; undefined: any age. */
  readonly maxStaleness: number | undefined;
}

/** How long a demand that is not met is waited for: as long as the API server's watch cache does. Milliseconds. */
const PATIENCE = 3000;

/** What the feed does not tell (a report, a feed that is cut off) is looked for this often. Milliseconds. */
const LOOK_AGAIN = 1000;

/**
 * Resolves as soon as the view of some scopes meets a demand.
 *
 * @throws StatusError 504 when it does not within three seconds.
 */
export async function awaitDemand(
  store: Store,
  scopes: readonly Scope[],
  demand: Demand,
  at: { readonly clock: Clock; readonly staleness: StalenessBounds; readonly signal: AbortSignal },
): Promise<void> {
  if (demand.version === undefined && demand.maxStaleness === undefined) return;
  const deadline = at.clock.monotonic() + PATIENCE;
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, at.signal]);
  let follow: (() => Promise<void>) | undefined;
  try {
    for (;;) {
      // Taken before the look, so that what comes during it wakes too.
      const woken = follow?.();
      const parts = await statusOf(store, scopes, at);
      const unmet = complaint(parts, demand, at.clock.now());
      if (unmet === undefined) return;
      const left = deadline - at.clock.monotonic();
      if (left <= 0) throw unmet;
      if (woken === undefined) {
        // What came between this look and the feed's start is in the next look, or in the feed.
        follow = followChanges(store, parts, signal);
        continue;
      }
      const turn = new AbortController();
      const sleep = at.clock.sleep(Math.min(left, LOOK_AGAIN), { signal: AbortSignal.any([turn.signal, signal]) });
      try {
        await Promise.race([woken, sleep]);
      } finally {
        turn.abort();
        await sleep.catch(() => undefined);
      }
    }
  } finally {
    stop.abort();
  }
}

/** A function whose promise resolves at the next commit to any of the scopes, from what was seen of them on. */
function followChanges(store: Store, seen: readonly JudgedPart[], signal: AbortSignal): () => Promise<void> {
  let next = Promise.withResolvers<void>();
  const wake = (): void => {
    next.resolve();
    next = Promise.withResolvers<void>();
  };
  const follow = async ({ scope, meta }: JudgedPart): Promise<void> => {
    try {
      for await (const _ of store.scope(scope).changes({ since: meta.cursor, signal })) wake();
    } catch {
      // The next look at the scope meets the same trouble, and tells it.
      wake();
    }
  };
  for (const part of seen) void follow(part);
  return async () => next.promise;
}

/** Judges some scopes without reading their objects. */
export async function statusOf(
  store: Store,
  scopes: readonly Scope[],
  at: { readonly clock: Clock; readonly staleness: StalenessBounds },
): Promise<readonly JudgedPart[]> {
  const parts = await Promise.all(
    scopes.map(async (scope) => {
      const from = store.scope(scope);
      const [meta, reports] = await Promise.all([from.meta(), from.reports()]);
      return { scope, meta, reports, objects: [] };
    }),
  );
  return judgeParts(parts, at.clock.now(), at.staleness);
}

/**
 * Refuses a view that does not meet a demand.
 *
 * @throws StatusError 504
 */
export function requireDemand(parts: readonly JudgedPart[], demand: Demand, now: number): void {
  const unmet = complaint(parts, demand, now);
  if (unmet !== undefined) throw unmet;
}

/** Why a view does not meet a demand. Undefined: it does, or there is no view yet (that is told elsewhere). */
function complaint(parts: readonly JudgedPart[], demand: Demand, now: number): Error | undefined {
  const missing = parts.filter((part) => part.meta.version === undefined);
  if (missing.length === parts.length || missing.some((part) => part.state === "syncing")) return undefined;
  const { version, maxStaleness } = demand;
  if (version !== undefined && !parts.every((part) => reaches(part.meta.version, version))) {
    return tooLargeResourceVersion(version, viewVersion(parts) ?? "");
  }
  if (maxStaleness === undefined) return undefined;
  const old = parts.find((part) => now - (provedAt(part, now) ?? Number.NEGATIVE_INFINITY) > maxStaleness);
  return old === undefined ? undefined : tooStale(old, maxStaleness, now);
}

/** Whether a view at `version` shows everything up to `asked`. */
function reaches(version: string | undefined, asked: string): boolean {
  if (version === undefined) return false;
  if (version === asked) return true;
  return isResourceVersion(version) && isResourceVersion(asked) && compareResourceVersions(version, asked) >= 0;
}

function tooStale(part: JudgedPart, maxStaleness: number, now: number): Error {
  const proved = provedAt(part, now);
  const age = proved === undefined ? "of unknown age" : `proved ${formatDuration(Math.max(0, now - proved))} ago`;
  return causedError("ViewTooStale", {
    code: 504,
    message: `Timeout: the view of ${scopeName(part.scope)} was ${age}, maxStaleness=${formatDuration(maxStaleness)} asks for less`,
    field: "maxStaleness",
    kind: part.scope.resource.resource,
    retryAfterSeconds: 1,
  });
}
