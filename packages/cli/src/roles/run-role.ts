import { randomUUID } from "node:crypto";
import {
  DEFAULT_LEASE_TTL_MS,
  type Logger,
  noTelemetry,
  type ResourceType,
  type Role,
  type Scope,
  type Store,
  systemClock,
  type ViewChange,
} from "@krm/core";
import type { ProcessMetrics, StoreCalls } from "@krm/metrics/prometheus";
import { readiness } from "../health/readiness.ts";
import type { CliIo } from "../io.ts";
import { logFormat } from "../logging/command-logger.ts";
import { tellEnd } from "../logging/tell-end.ts";
import { tellChanges } from "../monitoring/tell-news.ts";
import { observedStore } from "../stores/observed-store.ts";
import { openStore } from "../stores/open-store.ts";
import { StoreHealth } from "../stores/store-health.ts";
import { untilEnded } from "../until-ended.ts";
import { RoleBoard } from "./role-board.ts";
import type { RoleCommandOptions } from "./role-command.ts";
import { roleConditions } from "./role-news.ts";
import { roleScopes } from "./role-scopes.ts";
import type { RoleContext, ScopeRole } from "./scope-role.ts";

/** One role of one resource. */
export interface RolePlan {
  readonly role: Role;
  /** The resource, as it was named. */
  readonly resource: string;
  /** Finds out what the resource is; may wait for that. */
  readonly find: (store: Store, signal: AbortSignal) => Promise<ResourceType>;
  readonly make: (scope: Scope, context: RoleContext) => ScopeRole;
}

/**
 * Does one role of a resource over a shared store until it is told to end; then gives the role back. Rejects when the
 * store can never be used.
 */
export async function runRole(plan: RolePlan, options: RoleCommandOptions, io: CliIo, logger: Logger): Promise<void> {
  const clock = systemClock;
  const { namespace, lease: ttlMs = DEFAULT_LEASE_TTL_MS, healthListen } = options;
  await using resources = new AsyncDisposableStack();
  resources.use(tellEnd(logger, clock, io.signal));
  const metrics = healthListen === undefined ? undefined : await measure(plan.role, resources);
  const storeHealth = new StoreHealth(logger, clock, metrics?.storeCalls);
  const board = new RoleBoard(plan.resource, storeHealth, clock);
  metrics?.readOff(board);
  if (healthListen !== undefined && metrics !== undefined) {
    const { serveHealth } = await import("../health/serve-health.ts");
    const health = {
      silentMs: () => board.silentMs,
      stuck: () => board.stuck(),
      checks: () => readiness(board),
      metrics: metrics.registry,
    };
    resources.use(await serveHealth(health, healthListen, logger));
  }
  const opened = resources.use(await openStore(options.store, { logger, clock, signal: io.signal }));
  const store = observedStore(opened, storeHealth);
  const stop = new AbortController();
  const signal = AbortSignal.any([io.signal, stop.signal]);
  const look = async (): Promise<ReturnType<typeof roleConditions>> => {
    board.beat();
    return roleConditions(board.roles);
  };
  const telling = tellChanges(look, { logger, clock, signal, each: logFormat(io, options) === "json" });
  const telemetry = metrics?.telemetry ?? (() => noTelemetry);
  const { onChanges } = metrics ?? {};
  const context = { store, lease: { holder: randomUUID(), ttlMs }, clock, logger, telemetry, onChanges };
  const working = (async () => {
    const resource = await plan.find(store, signal);
    board.roles = roleScopes(resource, namespace).map((scope) => plan.make(scope, context));
    await runAll(board.roles, signal, stop);
  })();
  resources.defer(async () => {
    stop.abort();
    await Promise.allSettled([telling, working]);
  });
  await untilEnded(io.signal, [telling, working]);
}

/** What a role's process measures. */
interface RoleMetrics extends ProcessMetrics {
  readonly storeCalls: StoreCalls;
  /** Adds what is read off the board. */
  readonly readOff: (board: RoleBoard) => void;
  /** Measures the delays of what a merger writes. */
  readonly onChanges: RoleContext["onChanges"];
}

/** Begins to measure the process; what is needed for that is loaded only then. */
async function measure(role: Role, resources: AsyncDisposableStack): Promise<RoleMetrics> {
  const { DelayMetrics, processMetrics, registerRoleMetrics, storeMetrics } = await import("@krm/metrics/prometheus");
  const metrics = resources.use(processMetrics([role]));
  const readOff = (board: RoleBoard): void => registerRoleMetrics(metrics.registry, [role], board);
  const delays = role === "merger" ? new DelayMetrics(metrics.registry) : undefined;
  const onChanges = delays && ((scope: Scope, changes: readonly ViewChange[]) => delays.changes(scope, changes));
  return { ...metrics, storeCalls: storeMetrics(metrics.registry), readOff, onChanges };
}

/** Runs until the signal aborts; when one fails for a reason that will not pass, all are ended. */
async function runAll(roles: readonly ScopeRole[], signal: AbortSignal, stop: AbortController): Promise<void> {
  const ended = await Promise.allSettled(
    roles.map(async (role) => {
      try {
        await role.run(signal);
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    }),
  );
  const failure = ended.find((result) => result.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}
