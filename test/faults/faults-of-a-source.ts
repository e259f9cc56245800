import { type ApiStatus, KrmError, type Scope, scopeId } from "@krm/core";
import { type ClusterEvent, FaultPlan, parseFaults, type SeededRandom, type SourceRequest } from "@krm/testkit";

/** What the API server answers with an HTTP status. */
export function apiError(code: number, more: Partial<ApiStatus> = {}): KrmError {
  const status = { code, reason: "", message: `${code}`, retryAfterSeconds: undefined, ...more };
  return new KrmError("KRM_API_STATUS", `${code}`, { status });
}

/** A 410, as it stands in an ERROR frame. */
export const EXPIRED: ApiStatus = {
  code: 410,
  reason: "Expired",
  message: "too old resource version: 3 (9)",
  retryAfterSeconds: undefined,
};

/** A replica that has not come to a version yet. */
export function tooLarge(): KrmError {
  return apiError(504, { reason: "Timeout", message: "Timeout: Too large resource version: 9, current: 8" });
}

/** What watches make of events, by seed: `spec` as `parseFaults` reads it (drop, dup, reorder). */
export class Lies {
  readonly #plan: FaultPlan;
  readonly #held = new Map<string, ClusterEvent[]>();
  /** Events that were never told. */
  dropped = 0;
  lying = true;

  constructor(spec: string, seed: number) {
    this.#plan = new FaultPlan(parseFaults(spec), seed);
  }

  readonly tell = (event: ClusterEvent, scope: Scope): ClusterEvent[] => {
    const id = scopeId(scope);
    const before = this.#held.get(id) ?? [];
    const fault = this.#plan.nextEvent();
    if (this.lying && fault.drop) {
      this.dropped++;
      return [];
    }
    if (this.lying && fault.reorder) {
      this.#held.set(id, [...before, event]);
      return [];
    }
    this.#held.delete(id);
    return this.lying && fault.duplicate ? [event, event, ...before] : [event, ...before];
  };
}

/**
 * Any of so many replicas answers; but a list that names no version is a consistent read: one that lags waits until it
 * has caught up, and so answers as the first, which does not lag.
 */
export function anyReplica(count: number, random: SeededRandom): (asked: SourceRequest) => number {
  return (asked) => {
    const consistent = isList(asked) && asked.request.resourceVersion === undefined;
    return consistent ? 0 : random.integer(0, count - 1);
  };
}

function isList(asked: SourceRequest): asked is Extract<SourceRequest, { readonly verb: "list" | "listMetadata" }> {
  return asked.verb === "list" || asked.verb === "listMetadata";
}
