import { type Drift, DRIFT_TYPES, type Shown } from "../merge/drift.ts";
import { DRIFT_CAUSES } from "../merge/ledger.ts";
import { isResourceVersion } from "../model/resource-version.ts";
import type { LostEventRequest, RoleRequest, RoleSignal } from "./lease.ts";

/** An event that the stream is known to have missed, for the merger to write into the ledger. */
export interface LostEvent {
  readonly type: "lost-event";
  readonly drift: Drift;
}

/** A request as whoever has the role is told it. */
export type HeardRequest = RoleSignal | LostEvent;

const PREFIX = "lost-event ";

/** A lost event as a store carries it from process to process: {@link readRequest} is the way back. */
export function lostEventRequest(drift: Drift): LostEventRequest {
  return `${PREFIX}${JSON.stringify(drift)}`;
}

/**
 * What was asked. Undefined: it cannot be read; whoever may write into the store may have written it. A name that this
 * version does not know is given as it is, for nobody to heed.
 */
export function readRequest(request: RoleRequest): HeardRequest | undefined {
  if (!isLostEvent(request)) return request;
  let drift: unknown;
  try {
    drift = JSON.parse(request.slice(PREFIX.length));
  } catch {
    return undefined;
  }
  return isDrift(drift) ? { type: "lost-event", drift } : undefined;
}

function isLostEvent(request: RoleRequest): request is LostEventRequest {
  return request.startsWith(PREFIX);
}

type Fields<T> = { readonly [K in keyof T]?: unknown };

function isDrift(value: unknown): value is Drift {
  if (typeof value !== "object" || value === null) return false;
  const { key, type, horizon, shown, actual, cause, changedAt }: Fields<Drift> = value;
  return (
    typeof key === "string" &&
    DRIFT_TYPES.some((one) => one === type) &&
    isVersion(horizon) &&
    (shown === undefined || isShown(shown)) &&
    (actual === undefined || isShown(actual)) &&
    DRIFT_CAUSES.some((one) => one === cause) &&
    (changedAt === undefined || typeof changedAt === "string")
  );
}

function isShown(value: unknown): value is Shown {
  if (typeof value !== "object" || value === null) return false;
  const { uid, resourceVersion }: Fields<Shown> = value;
  return typeof uid === "string" && isVersion(resourceVersion);
}

function isVersion(value: unknown): boolean {
  return typeof value === "string" && isResourceVersion(value);
}
