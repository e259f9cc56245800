import type { Drift, DriftType, ObjectKey, Shown } from "@krm/core";
import type { Delay } from "../delay/delay.ts";
import type { Seen, Write } from "./canary-state.ts";

/** How late the event of a write was, as the metrics have it. */
export function canaryDelay({ version, created, sentAt, answeredAt }: Write, { at, readAt }: Seen): Delay {
  return {
    event: created ? "ADDED" : "MODIFIED",
    source: "canary",
    seconds: (at - sentAt) / 1000,
    resourceVersion: version,
    observedAt: readAt,
    resolutionSeconds: (answeredAt - sentAt) / 1000,
  };
}

/** A write that the stream went past without telling, as the ledger has it. `shown`: what the view showed until then. */
export function canaryDrift(key: ObjectKey, { uid, version, writtenAt }: Write, shown: Shown | undefined): Drift {
  return {
    key,
    type: driftType(uid, shown),
    horizon: version,
    shown,
    actual: { uid, resourceVersion: version },
    cause: "upstream",
    changedAt: new Date(writtenAt).toISOString(),
  };
}

function driftType(uid: Write["uid"], shown: Shown | undefined): DriftType {
  if (shown === undefined) return "added";
  return shown.uid === uid ? "modified" : "recreated";
}
