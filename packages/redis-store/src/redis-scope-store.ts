import { randomUUID } from "node:crypto";
import {
  type CallOptions,
  type Claim,
  type Clock,
  decodeObjectRecord,
  type FeedBatch,
  type FeedBounds,
  type InputRole,
  type LeaseRequest,
  type Leases,
  type LogPosition,
  type ObjectKey,
  type ResourceVersion,
  type Role,
  type RoleReports,
  type RoleRequest,
  type Scope,
  type ScopeReports,
  type ScopeStore,
  type StoredObject,
  streamerStart,
  type Uid,
  type ViewIndex,
  type ViewMeta,
  type ReadQuery,
  type ViewRead,
} from "@krm/core";
import { COMMIT_BATCH } from "./encoded-commit.ts";
import { type FeedReaderOptions, type FeedStart, followFeed } from "./feed-reader.ts";
import type { LogPlace } from "./log-reader.ts";
import { RedisInputLease } from "./redis-input-lease.ts";
import { type LeaseContext, RedisLease } from "./redis-lease.ts";
import { guarded, type RedisLink } from "./redis-link.ts";
import { RedisMergerLease } from "./redis-merger-lease.ts";
import { type ScopeKeys, scopeKeys } from "./scope-keys.ts";
import { listOf, readIndexEntry, readLedger, readMeta, textOf } from "./stored-state.ts";
import { NO_ID } from "./stream-id.ts";
import { readIndex, readObjects } from "./view-reader.ts";

/** What a scope has of its store. */
export interface RedisScopeOptions {
  readonly prefix: string;
  readonly link: RedisLink;
  readonly clock: Clock;
  /** Aborted when the store is closed. */
  readonly closed: AbortSignal;
  readonly feed: FeedBounds;
  /** Bytes that may wait in an input log. */
  readonly logBytes: number;
  /** Makes sure that the scope is among those that there are. */
  readonly register: () => Promise<void>;
}

/** One scope of a RedisStore. */
export class RedisScopeStore implements ScopeStore {
  readonly scope: Scope;
  readonly #options: RedisScopeOptions;
  readonly #keys: ScopeKeys;
  readonly #reading: FeedReaderOptions;

  constructor(scope: Scope, options: RedisScopeOptions) {
    this.scope = scope;
    this.#options = options;
    this.#keys = scopeKeys(options.prefix, scope);
    const { link, clock, closed } = options;
    this.#reading = { keys: this.#keys, link, clock, closed };
  }

  async meta(options?: CallOptions): Promise<ViewMeta> {
    return this.#guarded(options, async () => {
      const fields = ["feed", "meta", "objects", "bytes"];
      const [feed, meta, objects, bytes] = listOf(
        await this.#options.link.command("HMGET", this.#keys.state, ...fields),
      );
      return readMeta(feed, meta, objects, bytes);
    });
  }

  async get(
    key: ObjectKey,
    options?: CallOptions,
  ): Promise<{ readonly meta: ViewMeta; readonly object: StoredObject | undefined }> {
    return this.#guarded(options, async () => {
      const reply = await this.#options.link.script("get", this.#keys.all, [key]);
      const [feed, meta, objects, bytes, record] = listOf(reply);
      const object = Buffer.isBuffer(record) ? decodeObjectRecord(key, record) : undefined;
      return { meta: readMeta(feed, meta, objects, bytes), object };
    });
  }

  async read(query: ReadQuery = {}, options?: CallOptions): Promise<ViewRead> {
    return this.#guarded(options, async () => readObjects(this.#reading, query.namespace));
  }

  async index(options?: CallOptions): Promise<ViewIndex> {
    return this.#guarded(options, async () => readIndex(this.#reading));
  }

  changes(options: {
    readonly since?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterable<FeedBatch> {
    const { since, signal } = options;
    const start = since === undefined ? this.#now() : Promise.resolve({ cursor: since, commit: undefined });
    // Who never looks at the changes hears nothing of a failure either.
    start.catch(() => {});
    return followFeed(this.#reading, start, signal);
  }

  async #now(): Promise<FeedStart> {
    return this.#guarded(undefined, async () => {
      const [feed, commit] = listOf(await this.#options.link.command("HMGET", this.#keys.state, "feed", "commit"));
      return { cursor: textOf(feed) ?? NO_ID, commit: textOf(commit) };
    });
  }

  async cursor(options?: CallOptions): Promise<string> {
    return this.#guarded(
      options,
      async () => textOf(await this.#options.link.command("HGET", this.#keys.state, "feed")) ?? NO_ID,
    );
  }

  async oldestCursor(options?: CallOptions): Promise<string> {
    return this.#guarded(options, async () => {
      const { link } = this.#options;
      const [oldest] = listOf(await link.command("XRANGE", this.#keys.feed, "-", "+", "COUNT", 1));
      if (oldest === undefined) return textOf(await link.command("HGET", this.#keys.state, "feed")) ?? NO_ID;
      const [id, fields] = listOf(oldest);
      const [, before, kind] = listOf(fields);
      // What cannot be followed is a beginning.
      return textOf(textOf(kind) === "n" ? before : id) ?? NO_ID;
    });
  }

  async reports(options?: CallOptions): Promise<ScopeReports> {
    return this.#guarded(options, async () => {
      const [told, held] = listOf(await this.#options.link.script("reports", this.#keys.all, []));
      const fields = listOf(told).map((field) => textOf(field) ?? "");
      const reports: Partial<Record<string, RoleReports[Role]>> = {};
      for (let i = 0; i < fields.length; i += 2)
        reports[fields[i] as Role] = JSON.parse(fields[i + 1] ?? "null") as RoleReports[Role];
      return { ...(reports as Partial<RoleReports>), held: listOf(held).map((role) => textOf(role) as Role) };
    });
  }

  async ask(role: Role, request: RoleRequest, options?: CallOptions): Promise<void> {
    await this.#guarded(options, async () =>
      this.#options.link.command("HSET", this.#keys.asks, `${role}.${request}`, "1"),
    );
  }

  async checkpoint(reader: string, options?: CallOptions): Promise<string | undefined> {
    return this.#guarded(options, async () =>
      textOf(await this.#options.link.command("HGET", this.#keys.checkpoints, reader)),
    );
  }

  async keepCheckpoint(reader: string, checkpoint: string, options?: CallOptions): Promise<void> {
    await this.#guarded(options, async () =>
      this.#options.link.command("HSET", this.#keys.checkpoints, reader, checkpoint),
    );
  }

  async acquire<R extends Role>(role: R, request: LeaseRequest, options?: CallOptions): Promise<Leases[R] | undefined> {
    let taking: Promise<Leases[R] | undefined> | undefined;
    try {
      return await this.#guarded(options, async () => (taking = this.#take(role, request)));
    } catch (error) {
      // Nobody waits for it any more; it must not stay taken.
      taking?.then((lease) => lease?.[Symbol.asyncDispose]()).catch(() => {});
      throw error;
    }
  }

  async #take<R extends Role>(role: R, request: LeaseRequest): Promise<Leases[R] | undefined> {
    const { link, closed, register } = this.#options;
    const keys = this.#keys;
    await register();
    const reply = await link.script("acquire", keys.all, [role, request.holder, request.ttlMs, randomUUID()]);
    if (reply === null) return undefined;
    const [epoch, generation] = listOf(reply);
    const context: LeaseContext = {
      keys,
      link,
      closed,
      request,
      epoch: Number(epoch),
      generation: textOf(generation) ?? "",
      register,
    };
    try {
      const lease = role === "merger" ? this.#mergerLease(context) : this.#inputLease(role, context);
      // The compiler cannot see that the lease made for a role is of that role's kind.
      return (await lease) as unknown as Leases[R];
    } catch (error) {
      // Nobody holds what could not be handed out.
      await new RedisLease(role, context)[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #inputLease(role: InputRole, context: LeaseContext): Promise<RedisInputLease<InputRole>> {
    const [last, covers, meta] = listOf(
      await this.#options.link.command("HMGET", this.#keys.state, `${role}.last`, "streamer.covers", "meta"),
    );
    const told = textOf(covers);
    const log = told === undefined ? undefined : (JSON.parse(told) as LogPosition);
    const start = streamerStart(readMeta(undefined, meta, undefined, undefined), log);
    return new RedisInputLease(role, context, { last: textOf(last) ?? NO_ID, start }, this.#options.logBytes);
  }

  async #mergerLease(context: LeaseContext): Promise<RedisMergerLease> {
    const { link, clock, feed } = this.#options;
    const { keys, request, epoch, generation } = context;
    // A large commit that a crash left half moved.
    const fence = [request.holder, epoch, generation];
    while (Number(await link.script("migrate", keys.all, [...fence, 64, COMMIT_BATCH.bytes])) > 0);
    const fields = ["feed", "meta", "objects", "bytes", "ledger", "commit"];
    const logs = ["streamer.done", "streamer.out", "verifier.done", "verifier.out"];
    const state = listOf(await link.command("HMGET", keys.state, ...fields, ...logs));
    const place = (at: number): LogPlace => ({ id: textOf(state[at]) ?? NO_ID, total: textOf(state[at + 1]) ?? "0" });
    return new RedisMergerLease(context, {
      loaded: {
        meta: readMeta(state[0], state[1], state[2], state[3]),
        claims: await this.#claims(),
        ledger: readLedger(state[4]),
      },
      commit: textOf(state[5]) ?? NO_ID,
      consumed: { streamer: place(6), verifier: place(8) },
      clock,
      feed,
    });
  }

  /** Nobody else writes while the merger's lease is held, so that the pages of a scan belong together. */
  async #claims(): Promise<ReadonlyMap<ObjectKey, Claim>> {
    const claims = new Map<ObjectKey, Claim>();
    let cursor = "0";
    do {
      const [next, fields] = listOf(await this.#options.link.command("HSCAN", this.#keys.index, cursor, "COUNT", 1000));
      const list = listOf(fields);
      for (let i = 0; i < list.length; i += 2) {
        const { uid, resourceVersion, deleting, changedAt } = readIndexEntry(textOf(list[i + 1]) ?? "");
        const life = { uid: uid as Uid, resourceVersion: resourceVersion as ResourceVersion };
        claims.set(textOf(list[i]) as ObjectKey, { ...life, gone: false, deleting, changedAt });
      }
      cursor = textOf(next) ?? "0";
    } while (cursor !== "0");
    return claims;
  }

  async #guarded<T>(options: CallOptions | undefined, operation: () => Promise<T>): Promise<T> {
    return guarded(this.#options.closed, options, operation);
  }
}
