import { type Clock, type Monitor, ROLES, type Scope, scopeId, type ScopeStatus, type Standing } from "@krm/core";
import type { ReadinessCheck } from "../health/readiness.ts";
import type { MeasuredRoles, RoleAtWork } from "@krm/metrics/prometheus";
import type { StoreHealth } from "../stores/store-health.ts";

/** What a monitor does now, as it was last looked at, for those who look after the process. */
export class MonitorBoard implements MeasuredRoles {
  readonly store: StoreHealth;
  readonly #clock: Clock;
  readonly #standings = new Map<string, Standing>();
  #scopes: readonly Scope[] = [];
  #statuses: ReadonlyMap<string, ScopeStatus> = new Map();
  #beatAt: number;

  constructor(store: StoreHealth, clock: Clock) {
    this.store = store;
    this.#clock = clock;
    this.#beatAt = clock.monotonic();
  }

  /** Looks at a monitor from now on. */
  follow(monitor: Monitor): void {
    this.#scopes = monitor.scopes;
    monitor.events.on("standing", (scope, standing) => void this.#standings.set(scopeId(scope), standing));
  }

  /** Says that the process goes on; to be called at least every few seconds. */
  beat(): void {
    this.#beatAt = this.#clock.monotonic();
  }

  /** How long ago that was, in milliseconds. */
  get silentMs(): number {
    return this.#clock.monotonic() - this.#beatAt;
  }

  /** Takes down how the scopes are. */
  see(statuses: readonly ScopeStatus[]): void {
    this.#statuses = new Map(statuses.map((status) => [scopeId(status.scope), status]));
  }

  /** The three roles of each scope. What the store holds of those of another process is not told. */
  get roles(): readonly RoleAtWork[] {
    return this.#scopes.flatMap((scope) => {
      const standing = this.#standings.get(scopeId(scope));
      const reports = standing === "holding" ? (this.#statuses.get(scopeId(scope))?.reports ?? {}) : {};
      return ROLES.map((role) => {
        const queued = role === "merger" ? (reports.merger?.queued ?? 0) : 0;
        return { role, scope, standing, report: reports[role], queued };
      });
    });
  }

  /** Whether each scope has a view, is visibly kept from one, or is monitored by another process. */
  checks(): readonly ReadinessCheck[] {
    if (this.#scopes.length === 0) return [{ ready: false, line: "what to monitor is looked up" }];
    return this.#scopes.map((scope) => {
      const id = scopeId(scope);
      const standing = this.#standings.get(id) ?? "starting";
      if (standing === "standing-by") return { ready: true, line: `${id} ${standing}` };
      const state = this.#statuses.get(id)?.state ?? "syncing";
      const ready = standing === "holding" && state !== "syncing" && state !== "failed";
      return { ready, line: `${id} ${standing === "holding" ? state : standing}` };
    });
  }
}
