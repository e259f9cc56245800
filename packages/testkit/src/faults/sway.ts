import type { ResourceType } from "@krm/core";
import type { ClusterEvent } from "../cluster/sim-object.ts";

/** How late the events of a resource are: by a time that rises steadily from 0 to `maxMs` and falls back, over and over. */
export interface Sway {
  readonly maxMs: number;
  /** From 0 to 0. More than twice `maxMs`, or events would overtake others. */
  readonly periodMs: number;
}

/** By the plural of a resource, with or without its group (`pods`, `deployments.apps`); `*`: all others. */
export type SwaySpec = Readonly<Record<string, Sway>>;

/**
 * How many milliseconds later than it was committed an event is told, whole ones. `atMs`: when that was, as a recorded
 * history says it (`at`): epoch milliseconds. Delays are 0 at the epoch and at every multiple of the period, and
 * `maxMs` halfway between. Of events that are spread evenly over time, so are their delays, from 0 to `maxMs`: 95 of a
 * hundred are at most 0.95 `maxMs`.
 *
 * @example
 * const { sway } = parseFaults("sway=5s/1m");
 * const { at } = history.changes(PODS)[0];
 * const toldAt = at + swayAt(sway, PODS, at);
 */
export function swayAt(
  spec: SwaySpec | undefined,
  { group, resource }: Pick<ResourceType, "group" | "resource">,
  atMs: number,
): number {
  const sway = spec?.[`${resource}.${group}`] ?? spec?.[resource] ?? spec?.["*"];
  if (sway === undefined) return 0;
  const { maxMs, periodMs } = sway;
  const phase = ((atMs % periodMs) + periodMs) % periodMs;
  return Math.round((maxMs * Math.min(phase, periodMs - phase) * 2) / periodMs);
}

/** How much of its delay an event still has before it. `now`: by the clock that gave the event its time. */
export function swayLeft(spec: SwaySpec | undefined, { at, resource }: ClusterEvent, now: number): number {
  return Math.max(0, at + swayAt(spec, resource, at) - now);
}
