import type { ObjectKey } from "../model/object-key.ts";
import type { Verdict } from "./merge-input.ts";
import type { ViewChange } from "./view-change.ts";

/** What one input has done so far: mutable while it is worked on, handed out as a `Step`. */
export interface Work {
  readonly changes: ViewChange[];
  readonly verdicts: Verdict[];
  late: number;
  contradictions: number;
  missing: ObjectKey[];
  belated: boolean;
}
