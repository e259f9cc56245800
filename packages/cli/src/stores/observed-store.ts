import {
  type InputLogWriter,
  type Lease,
  type Leases,
  type MergerLease,
  type Role,
  scopeId,
  type ScopeStore,
  type Store,
} from "@krm/core";
import type { StoreHealth } from "./store-health.ts";

/** Takes notice of one answer, and passes it on. */
type Heard = <T>(call: string, answer: Promise<T>) => Promise<T>;

/** The same store, with every answer told to `health`. */
export function observedStore(store: Store, health: StoreHealth): Store {
  return {
    manifest: store.manifest,
    scopes: async (options) => health.heard("", "scopes", store.scopes(options)),
    scope: (scope) => observedScope(store.scope(scope), health),
    [Symbol.asyncDispose]: async () => store[Symbol.asyncDispose](),
  };
}

function observedScope(store: ScopeStore, health: StoreHealth): ScopeStore {
  const id = scopeId(store.scope);
  const heard: Heard = async (call, answer) => health.heard(id, call, answer);
  return {
    scope: store.scope,
    meta: async (options) => heard("meta", store.meta(options)),
    get: async (key, options) => heard("get", store.get(key, options)),
    read: async (query, options) => heard("read", store.read(query, options)),
    index: async (options) => heard("index", store.index(options)),
    changes: (options) => store.changes(options),
    cursor: async (options) => heard("cursor", store.cursor(options)),
    reports: async (options) => heard("reports", store.reports(options)),
    checkpoint: async (reader, options) => heard("checkpoint", store.checkpoint(reader, options)),
    keepCheckpoint: async (reader, checkpoint, options) =>
      heard("keepCheckpoint", store.keepCheckpoint(reader, checkpoint, options)),
    ask: async (role, request, options) => heard("ask", store.ask(role, request, options)),
    async acquire(role, request, options) {
      const lease = await heard("acquire", store.acquire(role, request, options));
      // What an earlier holder of this process could not write is nobody's any more.
      health.forget(id);
      return lease === undefined ? undefined : observedLease(lease, heard);
    },
  };
}

function observedLease<R extends Role>(lease: Leases[R], heard: Heard): Leases[R] {
  // The compiler cannot see that the lease of a role is a Lease of that role, nor that one of its kind comes back.
  const any = lease as unknown as Lease<R>;
  const common: Lease<R> = {
    role: any.role,
    epoch: any.epoch,
    renew: async (options) => heard("renew", any.renew(options)),
    report: async (report, options) => heard("report", any.report(report, options)),
    [Symbol.asyncDispose]: async () => any[Symbol.asyncDispose](),
  };
  const own = "log" in lease ? { log: observedLog(lease.log, heard) } : observedView(lease, heard);
  return { ...common, ...own } as unknown as Leases[R];
}

function observedLog(log: InputLogWriter, heard: Heard): InputLogWriter {
  return {
    start: log.start,
    append: async (records, covers, options) => heard("append", log.append(records, covers, options)),
    backlog: async (options) => heard("backlog", log.backlog(options)),
  };
}

function observedView(
  lease: MergerLease,
  heard: Heard,
): Pick<MergerLease, "loaded" | "commit" | "inputs" | "skipLogs"> {
  return {
    loaded: lease.loaded,
    commit: async (commit, options) => heard("commit", lease.commit(commit, options)),
    inputs: (options) => lease.inputs(options),
    skipLogs: async (options) => heard("skipLogs", lease.skipLogs(options)),
  };
}
