import type { Drift } from "../merge/drift.ts";
import type { RoleRequest } from "./lease.ts";

const PREFIX = "lost-event ";

/** Asks the merger to write an event into the ledger that the stream is known to have missed. */
export function lostEventRequest(drift: Drift): RoleRequest {
  return `${PREFIX}${JSON.stringify(drift)}`;
}

/** What {@link lostEventRequest} asked; undefined: the request is another one. */
export function lostEventOf(request: RoleRequest): Drift | undefined {
  return request.startsWith(PREFIX) ? (JSON.parse(request.slice(PREFIX.length)) as Drift) : undefined;
}
