import { type InputLease, type MergerLease, MemoryStore, PODS, type Role, type Scope } from "@krm/core";

type Commit = MergerLease["commit"];
type Report = (role: Role, write: () => Promise<void>) => Promise<void>;
type Append = InputLease<"streamer">["log"]["append"];

/** What stands between the roles of a scope and its store. */
export interface Tampering {
  commit?: (commit: Commit, ...args: Parameters<Commit>) => Promise<void>;
  report?: Report;
  append?: (append: Append, ...args: Parameters<Append>) => Promise<void>;
}

/** What of a lease, whichever it is, can be stood between. */
interface AnyLease {
  report: (...args: unknown[]) => Promise<void>;
  commit: Commit;
  log: { append: Append };
}

/** A memory store in which something stands between the roles of one scope and what they write. */
export function tamperedStore(tampering: Tampering, at: Scope = { resource: PODS }): MemoryStore {
  const store = new MemoryStore();
  const scope = store.scope(at);
  const acquire = scope.acquire.bind(scope) as (...args: Parameters<typeof scope.acquire>) => Promise<unknown>;
  scope.acquire = (async (role: Role, ...rest: [never, never]) => {
    const lease = (await acquire(role, ...rest)) as AnyLease | undefined;
    if (lease === undefined) return undefined;
    const report = lease.report.bind(lease);
    lease.report = async (...args: unknown[]) =>
      tampering.report === undefined ? report(...args) : tampering.report(role, async () => report(...args));
    if (role === "merger") {
      const commit = lease.commit.bind(lease);
      lease.commit = async (...args) =>
        tampering.commit === undefined ? commit(...args) : tampering.commit(commit, ...args);
    } else {
      const { append } = lease.log;
      lease.log.append = async (...args) =>
        tampering.append === undefined ? append(...args) : tampering.append(append, ...args);
    }
    return lease;
  }) as unknown as typeof scope.acquire;
  return store;
}
