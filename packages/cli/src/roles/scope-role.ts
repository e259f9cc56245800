import {
  type Clock,
  type ClusterRoleOptions,
  type LeaseRequest,
  type ListWatchSource,
  type Logger,
  MergeRole,
  type Role,
  type RoleProcessOptions,
  type RoleReports,
  type Scope,
  scopeId,
  type Standing,
  type Store,
  StreamRole,
  type Telemetry,
  VerifyRole,
  type VerifyRoleOptions,
  type ViewChange,
} from "@krm/core";
import { tellVerdict } from "../monitoring/tell-verdict.ts";
import { quietLogger } from "../monitoring/quiet-logger.ts";

/** One role of one scope in this process, as the log and the health endpoints see it. */
interface ScopeRoleOf<R extends Role> {
  readonly role: R;
  readonly scope: Scope;
  /** Undefined: not asked for yet. */
  readonly standing: Standing | undefined;
  /** Undefined: it never had the role. */
  readonly report: RoleReports[R] | undefined;
  /** Inputs that are not written yet. */
  readonly queued: number;
  /** Takes the role when it is free and does it, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** The Merger of one scope. */
interface MergingScope extends ScopeRoleOf<"merger"> {
  /** Writes of the view, by this process. */
  readonly commits: number;
}

/** Told apart by `role`. */
export type ScopeRole = ScopeRoleOf<"streamer"> | ScopeRoleOf<"verifier"> | MergingScope;

/** What every role of this process works with. */
export interface RoleContext {
  readonly store: Store;
  readonly lease: LeaseRequest;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where the role of a scope measures to. */
  readonly telemetry: (scope: Scope) => Telemetry;
  /** After each write of a view by this process. */
  readonly onChanges?: ((scope: Scope, changes: readonly ViewChange[]) => void) | undefined;
}

/** What those work with that talk to the cluster. */
export interface ClusterRoleContext extends RoleContext {
  readonly source: ListWatchSource;
  readonly listSlot: ClusterRoleOptions["listSlot"];
}

/** Objects per page of a list, and how often what cannot be watched is listed: as a Monitor has them. */
const PAGE_SIZE = 500;
const POLL_EVERY_MS = 30_000;

/** The Streamer of one scope. */
export function streamScope(scope: Scope, context: ClusterRoleContext): ScopeRole {
  const { options, seen } = common(scope, context);
  const role = new StreamRole({ ...options, ...clusterOptions(scope, context), pollEveryMs: POLL_EVERY_MS });
  return {
    role: "streamer",
    scope,
    get standing() {
      return seen.standing;
    },
    get report() {
      return role.report;
    },
    get queued() {
      return role.queued;
    },
    run: async (signal) => role.run(signal),
  };
}

/** How often a scope is verified, and at what cost. */
export type VerifyPace = Pick<VerifyRoleOptions, "everyMs" | "budgetPerHour">;

/** The Verifier of one scope. */
export function verifyScope(scope: Scope, context: ClusterRoleContext, pace: VerifyPace): ScopeRole {
  const { options, seen } = common(scope, context);
  const role = new VerifyRole({ ...options, ...clusterOptions(scope, context), ...pace });
  return {
    role: "verifier",
    scope,
    get standing() {
      return seen.standing;
    },
    get report() {
      return role.report;
    },
    get queued() {
      return role.queued;
    },
    run: async (signal) => role.run(signal),
  };
}

/** The Merger of one scope. How verifications end, and what the stream had missed, goes to the log. */
export function mergeScope(scope: Scope, context: RoleContext): ScopeRole {
  const { options, seen } = common(scope, context);
  let commits = 0;
  const role = new MergeRole({
    ...options,
    onVerdict: (verdict) => tellVerdict(context.logger, scope, verdict),
    onCommit: ({ changes }) => {
      commits++;
      context.onChanges?.(scope, changes);
    },
  });
  return {
    role: "merger",
    scope,
    get standing() {
      return seen.standing;
    },
    get report() {
      return role.report;
    },
    get queued() {
      return role.queued;
    },
    get commits() {
      return commits;
    },
    run: async (signal) => role.run(signal),
  };
}

function common(
  scope: Scope,
  { store, lease, clock, logger, telemetry }: RoleContext,
): { readonly options: RoleProcessOptions; readonly seen: { readonly standing: Standing | undefined } } {
  const seen: { standing: Standing | undefined } = { standing: undefined };
  const options: RoleProcessOptions = {
    store: store.scope(scope),
    manifest: store.manifest,
    lease,
    clock,
    logger: quietLogger(scopeLogger(logger, scope)),
    random: Math.random,
    telemetry: telemetry(scope),
    onStanding: (standing) => {
      seen.standing = standing;
    },
  };
  return { options, seen };
}

function clusterOptions(
  scope: Scope,
  { source, listSlot }: ClusterRoleContext,
): Pick<ClusterRoleOptions, "listWatch" | "listSlot" | "pageSize"> {
  return { listWatch: source.listWatch(scope), listSlot, pageSize: PAGE_SIZE };
}

function scopeLogger(logger: Logger, scope: Scope): Logger {
  const tag = { scope: scopeId(scope) };
  return {
    debug: (fields, message) => logger.debug({ ...tag, ...fields }, message),
    info: (fields, message) => logger.info({ ...tag, ...fields }, message),
    warn: (fields, message) => logger.warn({ ...tag, ...fields }, message),
    error: (fields, message) => logger.error({ ...tag, ...fields }, message),
  };
}
