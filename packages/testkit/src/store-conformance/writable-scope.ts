import type { CallOptions, Lease, Leases, Role, RoleReports, ScopeStore, ViewCommit } from "@krm/core";

/**
 * A scope of a store, together with the leases that it takes to write to it: for tests that want something to stand
 * there. Takes a role at the first write that needs it, and keeps it.
 *
 * @example
 * await writableScope(store.scope({ resource: PODS })).commit({ changes, meta });
 */
export function writableScope(scope: ScopeStore): WritableScope {
  return new WritableScope(scope);
}

/** What {@link writableScope} gives. */
export class WritableScope implements AsyncDisposable {
  readonly store: ScopeStore;
  readonly #leases = new Map<Role, Promise<AsyncDisposable>>();

  constructor(store: ScopeStore) {
    this.store = store;
  }

  /** As its Merger. */
  async commit(commit: ViewCommit, options?: CallOptions): Promise<void> {
    const lease = await this.lease("merger");
    await lease.commit(commit, options);
  }

  /** As that role. */
  async report<R extends Role>(role: R, report: RoleReports[R], options?: CallOptions): Promise<void> {
    const lease = (await this.lease(role)) as unknown as Pick<Lease<R>, "report">;
    await lease.report(report, options);
  }

  /** The lease of a role. */
  async lease<R extends Role>(role: R): Promise<Leases[R]> {
    const lease = this.#leases.get(role) ?? this.#take(role);
    this.#leases.set(role, lease);
    // Under its role stands a lease of that role.
    return lease as Promise<Leases[R]>;
  }

  async #take<R extends Role>(role: R): Promise<Leases[R]> {
    const lease = await this.store.acquire(role, { holder: `test-${role}`, ttlMs: 60_000 });
    if (lease === undefined) throw new Error(`somebody else is the ${role} of this scope`);
    return lease;
  }

  /** Gives the roles back. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const lease of this.#leases.values()) await (await lease)[Symbol.asyncDispose]();
  }
}
