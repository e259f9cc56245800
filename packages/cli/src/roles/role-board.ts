import type { Clock } from "@krm/core";
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
  #beatAt: number;

  constructor(resource: string, store: StoreHealth, clock: Clock) {
    this.resource = resource;
    this.store = store;
    this.#clock = clock;
    this.#beatAt = clock.monotonic();
  }

  /** Says that the process goes on; to be called at least every few seconds. */
  beat(): void {
    this.#beatAt = this.#clock.monotonic();
  }

  /** How long ago that was, in milliseconds. */
  get silentMs(): number {
    return this.#clock.monotonic() - this.#beatAt;
  }
}
