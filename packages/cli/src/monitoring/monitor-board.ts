import {
  type Clock,
  DEFAULT_STALENESS,
  type Monitor,
  ROLES,
  type Scope,
  scopeId,
  type ScopeStatus,
  type Standing,
} from "@krm/core";
import { loopOf } from "../health/loop.ts";
import { LoopWatch } from "../health/loop-watch.ts";
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
  readonly #loops: LoopWatch;
  #beatAt: number;

  constructor(store: StoreHealth, clock: Clock) {
    this.store = store;
    this.#clock = clock;
    this.#beatAt = clock.monotonic();
    this.#loops = new LoopWatch(clock);
  }

  /** Looks at a monitor from now on. */
  follow(monitor: Monitor): void {
    this.#scopes = monitor.scopes;
    monitor.events.on("standing", (scope, standing) => void this.#standings.set(scopeId(scope), standing));
  }

  /** Says that the process goes on, and looks at whether its roles do; to be called at least every few seconds. */
  beat(): void {
    this.#beatAt = this.#clock.monotonic();
    const loops = this.roles.map((role) => loopOf(role, this.#statuses.get(scopeId(role.scope))?.view.cursor ?? ""));
    this.#loops.look(loops, this.store.failing);
  }

  /** The loops of roles that hang, one line each. */
  stuck(): readonly string[] {
    return this.#loops.stuck();
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
      // How the scopes are is read from the store: while that fails, it is as it was last heard.
      if (this.store.failingSeconds(id) * 1000 > DEFAULT_STALENESS.disconnectedMs) {
        return { ready: false, line: `${id} ${standing}, the store fails` };
      }
      const ready = standing === "holding" && state !== "syncing" && state !== "failed";
      return { ready, line: `${id} ${standing === "holding" ? state : standing}` };
    });
  }
}
