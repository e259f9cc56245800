import type { Drift, Logger, Scope } from "@krm/core";
import { scopeName } from "./scope-name.ts";

/** Missed events of one verification that are named. */
const SHOWN = 3;

/** Tells what a verification showed the stream to have missed; nothing, where it missed nothing. */
export function tellDrift(logger: Logger, scope: Scope, drift: readonly Drift[]): void {
  if (drift.length === 0) return;
  logger.info({ about: { drift } }, `${scopeName(scope)}: repaired what the stream had missed: ${driftText(drift)}`);
}

/** The first of them by name, and how many more. */
function driftText(drift: readonly Drift[]): string {
  const shown = drift.slice(0, SHOWN).map(({ key, type }) => `${key} ${type}`);
  const more = drift.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
