import type { CommittedMeta } from "./store.ts";

/** The meta of a view that nobody has written yet. */
export const NO_VIEW: CommittedMeta = {
  epoch: 0,
  version: undefined,
  resumeFloor: undefined,
  repairPending: false,
  lastContact: undefined,
  horizon: undefined,
  verifiedAt: undefined,
  streamedThrough: undefined,
  snapshotOnly: false,
};
