import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type CallOptions,
  type Lease,
  type Leases,
  type LeaseRequest,
  MemoryStore,
  type MergerLease,
  ReplicaStore,
  type Role,
  type Scope,
  type ScopeStore,
  type Store,
} from "@krm/core";
import { ManualClock } from "@krm/testkit";

/** A store that is written to in one place and read in another: every write waits until the replica has it. */
export class MirroredStore implements Store {
  readonly #clock = new ManualClock();
  readonly #source = new MemoryStore();
  readonly #replica = new ReplicaStore({ source: this.#source, clock: this.#clock }).start();

  get manifest(): Store["manifest"] {
    return this.#replica.manifest;
  }

  async scopes(options?: CallOptions): Promise<readonly Scope[]> {
    return this.#replica.scopes(options);
  }

  scope(scope: Scope): ScopeStore {
    const [source, replica] = [this.#source.scope(scope), this.#replica.scope(scope)];
    const acquire = async <R extends Role>(
      role: R,
      request: LeaseRequest,
      options?: CallOptions,
    ): Promise<Leases[R] | undefined> => {
      const lease = await source.acquire(role, request, options);
      if (lease === undefined) return undefined;
      await this.#mirror(scope);
      const mirrored =
        <A extends unknown[]>(write: (...args: A) => PromiseLike<void>) =>
        async (...args: A): Promise<void> => {
          await write.apply(lease, args);
          await this.#mirror(scope);
        };
      const { report, [Symbol.asyncDispose]: release } = lease as unknown as Lease<R>;
      Object.assign(lease, { report: mirrored(report), [Symbol.asyncDispose]: mirrored(release) });
      if (role === "merger") Object.assign(lease, { commit: mirrored((lease as MergerLease).commit) });
      return lease;
    };
    /** Readers that ask without a pause would leave the replica no turn. */
    const inTurn =
      <A extends unknown[], T>(read: (...args: A) => Promise<T>) =>
      async (...args: A): Promise<T> => {
        await nextTurn();
        return read.apply(replica, args);
      };
    return {
      scope,
      meta: inTurn(replica.meta),
      get: inTurn(replica.get),
      read: inTurn(replica.read),
      index: inTurn(replica.index),
      changes: replica.changes.bind(replica),
      cursor: replica.cursor.bind(replica),
      reports: replica.reports.bind(replica),
      ask: source.ask.bind(source),
      oldestCursor: replica.oldestCursor.bind(replica),
      checkpoint: source.checkpoint.bind(source),
      keepCheckpoint: source.keepCheckpoint.bind(source),
      acquire,
    };
  }

  /** Lets the replica come to where the source is. */
  async #mirror(scope: Scope): Promise<void> {
    await this.#clock.advance(1000);
    const [source, replica] = [this.#source.scope(scope), this.#replica.scope(scope)];
    for (let turns = 0; (await source.cursor()) !== (await replica.cursor()); turns++) {
      if (turns > 1000) throw new Error("the replica does not follow");
      await nextTurn();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#replica[Symbol.asyncDispose]();
    await this.#source[Symbol.asyncDispose]();
  }
}
