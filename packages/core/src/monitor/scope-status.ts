import type { Scope } from "../model/scope.ts";
import { resourceId } from "../model/resource-type.ts";
import type { Store, ScopeStore, ViewMeta } from "../store/store.ts";
import type { CallOptions } from "../ports/clock.ts";
import type { ErrorReport, ScopeReports } from "./role-status.ts";

/** How far a view can be trusted, in one word. */
export type ScopeState = "syncing" | "synced" | "stale" | "snapshot-only" | "forbidden" | "gone" | "failed";

/** Bounds after which a view counts as stale. Milliseconds. */
export interface StalenessBounds {
  /** Without a running watch for longer than this. */
  readonly disconnectedMs: number;
  /** With a watch that brought neither an event nor a bookmark (one a minute), for longer than this. */
  readonly silentMs: number;
}

/** 10 s without a watch; 150 s of silence on one. */
export const DEFAULT_STALENESS: StalenessBounds = { disconnectedMs: 10_000, silentMs: 150_000 };

/** Everything that is known of a scope at one moment. */
export interface ScopeStatus {
  readonly scope: Scope;
  readonly state: ScopeState;
  readonly view: ViewMeta;
  readonly reports: ScopeReports;
  /** Why the state is not `synced`, where an error is the reason. */
  readonly error: ErrorReport | undefined;
}

/** A contact this far in the future proves nothing: somebody's clock jumped (trap 41). */
export const CLOCK_SLACK_MS = 5000;

/** Judges a view by what is in it and what its roles report. Pure; `now` is wall clock, epoch milliseconds. */
export function judgeScope(
  view: ViewMeta,
  reports: ScopeReports,
  now: number,
  bounds: StalenessBounds = DEFAULT_STALENESS,
): { readonly state: ScopeState; readonly error: ErrorReport | undefined } {
  const phase = reports.streamer?.state;
  const failing = reports.merger?.failing;
  const error = failing?.error ?? (phase !== undefined && "error" in phase ? phase.error : undefined);
  if (failing !== undefined && now - failing.since > bounds.disconnectedMs) return { state: "failed", error };
  // Who is blocked probes again; a report that should be long out of date is of a process that is no more.
  if (phase?.phase === "blocked" && now - phase.until <= bounds.disconnectedMs)
    return { state: phase.reason === "gone" ? "gone" : "forbidden", error };
  if (view.version === undefined) return { state: "syncing", error };
  const silence = view.lastContact === undefined ? Number.POSITIVE_INFINITY : now - view.lastContact;
  // Who is no more cannot tell of a silence.
  const alive = reports.held === undefined || (reports.held.includes("streamer") && reports.held.includes("merger"));
  const quiet = alive && (phase?.phase === "watching" || phase?.phase === "polling");
  const bound = quiet ? bounds.silentMs : bounds.disconnectedMs;
  if (silence > bound || silence < -CLOCK_SLACK_MS) return { state: "stale", error };
  return { state: view.snapshotOnly || phase?.phase === "polling" ? "snapshot-only" : "synced", error };
}

/** Reads the status of one scope from its store. */
export async function scopeStatus(
  store: ScopeStore,
  now: number,
  bounds?: StalenessBounds,
  options?: CallOptions,
): Promise<ScopeStatus> {
  const [view, reports] = await Promise.all([store.meta(options), store.reports(options)]);
  return { scope: store.scope, view, reports, ...judgeScope(view, reports, now, bounds) };
}

/** The scopes of a store that hold this resource. */
export async function scopesOf(
  store: Store,
  resource: Scope["resource"],
  options?: CallOptions,
): Promise<readonly Scope[]> {
  const id = resourceId(resource);
  return (await store.scopes(options)).filter((scope) => resourceId(scope.resource) === id);
}
