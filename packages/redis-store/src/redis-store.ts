import {
  type CallOptions,
  type Clock,
  DEFAULT_FEED_BOUNDS,
  type FeedBounds,
  KrmError,
  type Logger,
  type Scope,
  scopeId,
  type ScopeStore,
  silentLogger,
  type Store,
  type StoreManifest,
  systemClock,
} from "@krm/core";
import { ConnectedLink } from "./connected-link.ts";
import { connectRedis, type RedisConnection, type RedisConnectionOptions } from "./connection/redis-connection.ts";
import { describeTarget, type RedisTarget } from "./connection/redis-target.ts";
import { parseRedisUrl } from "./connection/redis-url.ts";
import { weightOf } from "./connection/store-error.ts";
import { COMMIT_BATCH } from "./encoded-commit.ts";
import { checkFormat, FORMAT_RECORD } from "./format.ts";
import { guarded } from "./redis-link.ts";
import { RedisScopeStore } from "./redis-scope-store.ts";
import { formatKey, scopesKey } from "./scope-keys.ts";
import { listOf, textOf } from "./stored-state.ts";

/** What {@link openRedisStore} can be told. */
export interface RedisStoreOptions extends Partial<Omit<RedisConnectionOptions, "logger" | "clock">> {
  /** Where Redis is, as a URL or as `parseRedisUrl` reads one. */
  readonly target: string | RedisTarget;
  /** @default silent */
  readonly logger?: Logger;
  /** @default the system's */
  readonly clock?: Clock;
  /** Ends the opening. The store stays open when it aborts later. */
  readonly signal?: AbortSignal | undefined;
  /** What each scope's change feed keeps for readers that resume. @default 4096 changes, 64 MiB */
  readonly feed?: FeedBounds;
  /** How much may wait in an input log for a Merger, in bytes; a list is taken beyond it. @default 256 MiB */
  readonly logBytes?: number;
  /** A server that does not answer is waited for this long before the store is handed out all the same. @default 3000 */
  readonly waitMs?: number;
}

/**
 * Opens a store in Redis 7 or Valkey 7.2 and newer: one server, behind Sentinels, or a cluster.
 *
 * A server that is down or does not answer yet is no failure: the store is handed out, each call rejects with
 * `KRM_STORE_FAILED`, and the connection is made as soon as it can be.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT` for a URL that cannot be read; `KRM_STORE_FAILED` for what waiting does not
 * mend (a wrong password, no such host, TLS); `KRM_STORE_UNUSABLE` for a server that is too old or a replica, and for a
 * prefix under which an incompatible version keeps its state.
 * @example
 * await using store = await openRedisStore({ target: "redis://127.0.0.1:6379" });
 */
export async function openRedisStore(options: RedisStoreOptions): Promise<Store> {
  const { logger = silentLogger, clock = systemClock, signal, waitMs = 3000 } = options;
  const target = typeof options.target === "string" ? parseRedisUrl(options.target) : options.target;
  const connection = connectRedis(target, { ...options, logger, clock });
  const store = new RedisStore(connection, { ...options, logger, clock });
  const late = new AbortController();
  const patience = AbortSignal.any(signal === undefined ? [late.signal] : [late.signal, signal]);
  const timer = clock.sleep(waitMs, { signal: patience }).then(
    () => late.abort(),
    () => {},
  );
  try {
    await connection.ready(patience);
    await store.check().catch((error: unknown) => {
      if (isRefusal(error, target)) throw error;
      // The connection broke while the server was looked at; it comes back.
      late.abort();
      throw error;
    });
  } catch (error) {
    if (signal?.aborted === true || !late.signal.aborted) {
      await store[Symbol.asyncDispose]();
      throw error;
    }
    logger.warn({ store: describeTarget(target) }, "the store does not answer yet; it is waited for");
  } finally {
    late.abort();
    await timer;
  }
  return store;
}

/** Whether the server, now that it is connected, will not do, however long it is waited for. */
function isRefusal(error: unknown, target: RedisTarget): boolean {
  if (KrmError.is(error, "KRM_STORE_UNUSABLE")) return true;
  return error instanceof Error && error.cause !== undefined && weightOf(error.cause, target) === "refused";
}

/** A store over a connection that it disposes with itself, open or not. */
export class RedisStore implements Store {
  readonly manifest: StoreManifest = { durable: true, shared: true, batch: COMMIT_BATCH };
  readonly #connection: RedisConnection;
  readonly #link: ConnectedLink;
  readonly #options: RedisStoreOptions & { readonly clock: Clock };
  readonly #prefix: string;
  readonly #scopes = new Map<string, RedisScopeStore>();
  readonly #closed = new AbortController();

  constructor(
    connection: RedisConnection,
    options: RedisStoreOptions & { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#connection = connection;
    this.#options = options;
    this.#prefix = connection.target.prefix;
    this.#link = new ConnectedLink(connection, options.logger);
  }

  /** Resolves when the server that is connected can be used. */
  async check(): Promise<void> {
    await this.#link.check();
  }

  async scopes(options?: CallOptions): Promise<readonly Scope[]> {
    return guarded(this.#closed.signal, options, async () => {
      const fields = listOf(await this.#link.command("HGETALL", scopesKey(this.#prefix))).map(
        (field) => textOf(field) ?? "",
      );
      const placed: { readonly place: number; readonly scope: Scope }[] = [];
      for (let i = 0; i < fields.length; i += 2) {
        if (fields[i] === ":next") continue;
        const value = fields[i + 1] ?? "";
        const space = value.indexOf(" ");
        placed.push({ place: Number(value.slice(0, space)), scope: JSON.parse(value.slice(space + 1)) as Scope });
      }
      return placed.toSorted((a, b) => a.place - b.place).map(({ scope }) => scope);
    });
  }

  scope(scope: Scope): ScopeStore {
    const id = scopeId(scope);
    let store = this.#scopes.get(id);
    if (store === undefined) {
      const { clock, feed = DEFAULT_FEED_BOUNDS, logBytes = 256 * 1024 * 1024 } = this.#options;
      store = new RedisScopeStore(scope, {
        prefix: this.#prefix,
        link: this.#link,
        clock,
        closed: this.#closed.signal,
        feed,
        logBytes,
        register: async () => this.#register(scope),
      });
      this.#scopes.set(id, store);
    }
    return store;
  }

  async #register(scope: Scope): Promise<void> {
    // Read before it is written: a Redis that is full takes no write.
    const found = textOf(await this.#link.command("GET", formatKey(this.#prefix)));
    checkFormat(found, this.#prefix);
    if (found === undefined) await this.#link.command("SET", formatKey(this.#prefix), FORMAT_RECORD, "NX");
    await this.#link.script("register", [scopesKey(this.#prefix)], [scopeId(scope), JSON.stringify(scope)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(new KrmError("KRM_STORE_CLOSED", "the store is closed"));
    await this.#connection[Symbol.asyncDispose]();
  }
}
