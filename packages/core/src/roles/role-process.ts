import type { QueueBounds } from "../merge/input-queue.ts";
import type { RolePhase } from "../monitor/role-status.ts";
import type { RoleOptions } from "../monitor/role-options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { LeaseRequest } from "../store/lease.ts";
import type { ScopeStore, StoreManifest } from "../store/store.ts";
import type { BackoffOptions } from "../stream/backoff.ts";
import type { Standing } from "./hold-roles.ts";

/** What every role works with that runs on its own, over a store that it shares with the others. */
export interface RoleProcessOptions {
  readonly store: ScopeStore;
  readonly manifest: StoreManifest;
  readonly lease: LeaseRequest;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Chance for back-off, jitter and watch timeouts, in [0, 1). */
  readonly random: () => number;
  /** How long to wait for a store that fails. @default STORE_BACKOFF */
  readonly storeBackoff?: BackoffOptions | undefined;
  readonly queue?: QueueBounds | undefined;
  /** @default noTelemetry */
  readonly telemetry?: Telemetry | undefined;
  readonly onStanding?: ((standing: Standing) => void) | undefined;
}

/** What a role works with that talks to the API server too. */
export interface ClusterRoleOptions extends RoleProcessOptions, Omit<RoleOptions, "clock" | "logger" | "random"> {
  readonly onState?: ((state: RolePhase) => void) | undefined;
}

/** Requests to the API server an hour and resource that verifying may make on average. */
export const DEFAULT_VERIFY_BUDGET = 600;

/** How long a lease lasts without being renewed: after a crash, another process takes over within about this. */
export const DEFAULT_LEASE_TTL_MS = 15_000;

/** Runs a role's parts side by side: when one fails, the others are told to end, and the failure is passed on. */
export async function runTogether(
  signal: AbortSignal,
  parts: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const failed = new AbortController();
  const all = AbortSignal.any([signal, failed.signal]);
  const ended = await Promise.allSettled(
    parts.map(async (part) => {
      try {
        await part(all);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }),
  );
  const failure = ended.find((result) => result.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}
