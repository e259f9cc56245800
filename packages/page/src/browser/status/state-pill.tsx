import type { ViewState } from "@krm/protocol";
import type { JSX } from "preact";

const TONES: Readonly<Record<ViewState, "good" | "fair" | "bad" | "busy">> = {
  synced: "good",
  "snapshot-only": "fair",
  stale: "fair",
  syncing: "busy",
  gone: "bad",
  forbidden: "bad",
  failed: "bad",
};

/** A state of a view: a word with a mark beside it. A state that this version does not know counts as bad. */
export function StatePill({ state }: { readonly state: ViewState }): JSX.Element {
  return <span class={`pill ${TONES[state] ?? "bad"}`}>{state}</span>;
}
