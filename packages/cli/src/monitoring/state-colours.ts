import type { ScopeStatus } from "@krm/core";
import type { Colour } from "../terminal/paint.ts";

/** How the states of scopes are set off. */
export const STATE_COLOURS: Readonly<Record<ScopeStatus["state"], Colour>> = {
  synced: "green",
  syncing: "yellow",
  "snapshot-only": "yellow",
  stale: "red",
  forbidden: "red",
  gone: "red",
  failed: "red",
};
