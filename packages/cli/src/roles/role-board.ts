import type { Clock } from "@krm/core";
import { loopOf } from "../health/loop.ts";
import { LoopWatch } from "../health/loop-watch.ts";
import type { StoreHealth } from "../stores/store-health.ts";
import type { ScopeRole } from "./scope-role.ts";

/** What a process with one role does now, for those who look after it. */
export class RoleBoard {
  /** The resource, as it was named. */
  readonly resource: string;
  readonly store: StoreHealth;
  /** Empty until it is known what the resource is. */
  roles: readonly ScopeRole[] = [];
  readonly #clock: Clock;
  readonly #loops: LoopWatch;
  #beatAt: number;

  constructor(resource: string, store: StoreHealth, clock: Clock) {
    this.resource = resource;
    this.store = store;
    this.#clock = clock;
    this.#beatAt = clock.monotonic();
    this.#loops = new LoopWatch(clock);
  }

  /** Says that the process goes on, and looks at whether its roles do; to be called at least every few seconds. */
  beat(): void {
    this.#beatAt = this.#clock.monotonic();
    this.#loops.look(
      this.roles.map((role) => loopOf(role, role.role === "merger" ? String(role.commits) : "")),
      false,
    );
  }

  /** The loops of roles that hang, one line each. */
  stuck(): readonly string[] {
    return this.#loops.stuck();
  }

  /** How long ago that was, in milliseconds. */
  get silentMs(): number {
    return this.#clock.monotonic() - this.#beatAt;
  }
}
