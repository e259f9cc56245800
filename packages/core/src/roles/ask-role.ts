import type { Role } from "../monitor/role-status.ts";
import type { Clock } from "../ports/clock.ts";
import { isFinal } from "../store/final-failure.ts";
import type { RoleRequest } from "../store/lease.ts";
import type { ScopeStore } from "../store/store.ts";
import { type BackoffOptions, backoffMs, STORE_BACKOFF } from "../stream/backoff.ts";

/** What asking works with. */
export interface AskOptions {
  readonly store: Pick<ScopeStore, "ask">;
  readonly clock: Clock;
  /** Chance for back-off, in [0, 1). */
  readonly random: () => number;
  /** @default STORE_BACKOFF */
  readonly backoff?: BackoffOptions | undefined;
  readonly signal: AbortSignal;
}

/**
 * Asks something of a role until the store has written it down, with pauses in between. Gives up, in silence, when the
 * signal aborts, or the store can never be asked again.
 */
export async function askRole(role: Role, request: RoleRequest, options: AskOptions): Promise<void> {
  const { store, clock, random, backoff = STORE_BACKOFF, signal } = options;
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      return await store.ask(role, request, { signal });
    } catch (error) {
      if (isFinal(error)) return;
      await clock.sleep(backoffMs(failures, random(), undefined, backoff), { signal }).catch(() => {});
    }
  }
}
