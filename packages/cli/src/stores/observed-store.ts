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

/** Takes notice of what the store answers to one scope. */
interface Observer {
  readonly heard: <T>(call: string, ask: () => Promise<T>) => Promise<T>;
  readonly followed: <T>(call: string, feed: AsyncIterable<T>) => AsyncIterable<T>;
}

/** The same store, with every answer told to `health`. */
export function observedStore(store: Store, health: StoreHealth): Store {
  return {
    manifest: store.manifest,
    scopes: async (options) => health.heard("", "scopes", async () => store.scopes(options)),
    scope: (scope) => observedScope(store.scope(scope), health),
    [Symbol.asyncDispose]: async () => store[Symbol.asyncDispose](),
  };
}

function observedScope(store: ScopeStore, health: StoreHealth): ScopeStore {
  const id = scopeId(store.scope);
  const heard: Observer["heard"] = async (call, ask) => health.heard(id, call, ask);
  const followed: Observer["followed"] = (call, feed) => health.followed(call, feed);
  return {
    scope: store.scope,
    meta: async (options) => heard("meta", async () => store.meta(options)),
    get: async (key, options) => heard("get", async () => store.get(key, options)),
    read: async (query, options) => heard("read", async () => store.read(query, options)),
    index: async (options) => heard("index", async () => store.index(options)),
    changes: (options) => followed("changes", store.changes(options)),
    cursor: async (options) => heard("cursor", async () => store.cursor(options)),
    oldestCursor: async (options) => heard("oldestCursor", () => store.oldestCursor(options)),
    reports: async (options) => heard("reports", async () => store.reports(options)),
    checkpoint: async (reader, options) => heard("checkpoint", async () => store.checkpoint(reader, options)),
    keepCheckpoint: async (reader, checkpoint, options) =>
      heard("keepCheckpoint", async () => store.keepCheckpoint(reader, checkpoint, options)),
    ask: async (role, request, options) => heard("ask", async () => store.ask(role, request, options)),
    async acquire(role, request, options) {
      const lease = await heard("acquire", async () => store.acquire(role, request, options));
      // What an earlier holder of this process could not write is nobody's any more.
      health.forget(id);
      return lease === undefined ? undefined : observedLease(lease, { heard, followed });
    },
  };
}

function observedLease<R extends Role>(lease: Leases[R], observer: Observer): Leases[R] {
  const { heard } = observer;
  // The compiler cannot see that the lease of a role is a Lease of that role, nor that one of its kind comes back.
  const any = lease as unknown as Lease<R>;
  const common: Lease<R> = {
    role: any.role,
    epoch: any.epoch,
    renew: async (options) => heard("renew", async () => any.renew(options)),
    report: async (report, options) => heard("report", async () => any.report(report, options)),
    [Symbol.asyncDispose]: async () => any[Symbol.asyncDispose](),
  };
  const own = "log" in lease ? { log: observedLog(lease.log, observer) } : observedView(lease, observer);
  return { ...common, ...own } as unknown as Leases[R];
}

function observedLog(log: InputLogWriter, { heard }: Observer): InputLogWriter {
  return {
    start: log.start,
    append: async (records, covers, options) => heard("append", async () => log.append(records, covers, options)),
    backlog: async (options) => heard("backlog", async () => log.backlog(options)),
  };
}

function observedView(
  lease: MergerLease,
  { heard, followed }: Observer,
): Pick<MergerLease, "loaded" | "commit" | "inputs" | "skipLogs"> {
  return {
    loaded: lease.loaded,
    commit: async (commit, options) => heard("commit", async () => lease.commit(commit, options)),
    inputs: (options) => followed("inputs", lease.inputs(options)),
    skipLogs: async (options) => heard("skipLogs", async () => lease.skipLogs(options)),
  };
}
