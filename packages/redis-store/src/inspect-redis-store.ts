import {
  type Clock,
  KrmError,
  readFormatRecord,
  type Role,
  type Scope,
  silentLogger,
  type Store,
  systemClock,
} from "@krm/core";
import type { Redis } from "ioredis";
import { checkServer, nodeName } from "./connection/check-server.ts";
import { connectRedis, type RedisConnection } from "./connection/redis-connection.ts";
import { describeTarget, type RedisTarget } from "./connection/redis-target.ts";
import { type NodeFacts, type ServerWarning, serverWarnings } from "./connection/server-facts.ts";
import { checkFormat, FORMAT_NAME } from "./format.ts";
import { RedisStore } from "./redis-store.ts";
import { formatKey } from "./scope-keys.ts";

/** What {@link inspectRedisStore} can be told. */
export interface InspectRedisOptions {
  readonly target: RedisTarget;
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for a server that does not answer. @default 3000 */
  readonly waitMs?: number | undefined;
}

/** What a Redis store is, and what it holds. */
export interface RedisInspection {
  /** One, or every master of a cluster; without those that do not tell. */
  readonly nodes: readonly Pick<NodeFacts, "product" | "version">[];
  /** What may cost KRM its state, or its peace, though it works now. */
  readonly warnings: readonly ServerWarning[];
  /** In which format the state is kept, and which version of KRM began it. Undefined: there is none yet. */
  readonly format: { readonly number: number; readonly version: string | undefined } | undefined;
  /** What monitors have brought, with the roles that some process holds now. */
  readonly scopes: readonly { readonly scope: Scope; readonly held: readonly Role[] }[];
}

/** How long the key lives by which it is found out whether the store takes writes. */
const PROBE_MS = 1000;

/**
 * Looks at a store as those who keep their state there will find it: is it reached, may the user read and write, will the
 * server do, is the format one that this version keeps. Takes no role and changes nothing, but for the key `PREFIX:doctor`,
 * which is gone after a second.
 *
 * @throws KrmError `KRM_STORE_FAILED` with why it cannot be reached, read or written; `KRM_STORE_UNUSABLE` as
 * `openRedisStore` does. Neither names a password.
 */
export async function inspectRedisStore(options: InspectRedisOptions): Promise<RedisInspection> {
  const { target, clock = systemClock, signal, waitMs = 3000 } = options;
  const { prefix } = target;
  const connection = connectRedis(target, { logger: silentLogger, clock });
  await using store = new RedisStore(connection, { target, logger: silentLogger, clock });
  await connected(connection, waitMs, signal);
  const { nodes } = await checkServer(connection, { logger: silentLogger });
  const note = await connection.run(async (client) => client.get(formatKey(prefix)));
  checkFormat(note ?? undefined, prefix);
  await connection.run(async (client) => client.set(`${prefix}:doctor`, "1", "PX", PROBE_MS));
  const masters = connection.masters();
  const snapshots = await Promise.all(masters.map(async (master) => savesSnapshots(master)));
  const warnings = nodes.flatMap((facts) => serverWarnings(facts));
  const volatile = nodes.some(({ appendOnly }) => appendOnly === false) && snapshots.includes(false);
  return {
    nodes,
    warnings: [
      ...warnings,
      ...(nodes.length < masters.length ? [untold(masters, nodes.length, connection)] : []),
      ...(volatile ? [NOT_KEPT] : []),
    ],
    format: note === null ? undefined : readFormatRecord(FORMAT_NAME, note),
    scopes: await scopesIn(store, signal),
  };
}

const NOT_KEPT: ServerWarning = {
  problem: "keeps nothing on disk: after its restart every resource is listed anew, and what was counted is gone",
  hint: "set appendonly yes, where the state is to outlive the server",
};

function untold(masters: readonly Redis[], told: number, connection: RedisConnection): ServerWarning {
  const names = told === 0 && masters[0] !== undefined ? nodeName(masters[0], connection) : "one of its nodes";
  return { problem: `${names} does not tell what it is`, hint: "grant the user +info, or KRM cannot check it" };
}

/** Rejects with why there is no connection, rather than that it was waited for in vain. */
async function connected(connection: RedisConnection, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  const late = AbortSignal.timeout(waitMs);
  try {
    await connection.ready(signal === undefined ? late : AbortSignal.any([signal, late]));
  } catch (error) {
    signal?.throwIfAborted();
    if (!late.aborted) throw error;
    const { failure } = connection;
    if (failure !== undefined) throw failure;
    throw new KrmError("KRM_STORE_FAILED", `${describeTarget(connection.target)}: no answer within ${waitMs} ms`);
  }
}

/** Whether it writes its data to the disk now and then; undefined: the user may not ask. */
async function savesSnapshots(master: Redis): Promise<boolean | undefined> {
  try {
    const [, save] = (await master.config("GET", "save")) as readonly string[];
    return save === undefined ? undefined : save !== "";
  } catch {
    return undefined;
  }
}

async function scopesIn(store: Store, signal: AbortSignal | undefined): Promise<RedisInspection["scopes"]> {
  const scopes = await store.scopes({ signal });
  return Promise.all(
    scopes.map(async (scope) => ({ scope, held: (await store.scope(scope).reports({ signal })).held ?? [] })),
  );
}
