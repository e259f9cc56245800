import {
  type CallOptions,
  decodeObject,
  type InputLease,
  type MergerLease,
  NO_VIEW,
  parseResourceVersion,
  PODS,
  type ScopeStore,
  type Store,
  type StoredObject,
  type ViewChange,
  type ViewCommit,
} from "@krm/core";
import { openRedisStore, type RedisStoreOptions } from "@krm/redis-store";
import type { RedisServer } from "@krm/testkit/servers";

/** The scope that these tests write to. */
export const SCOPE = { resource: PODS };

let places = 0;

/** A prefix that no other test uses. */
export function freshPrefix(): string {
  return `w${places++}`;
}

/** A store under a prefix of its own. */
export async function storeAt(
  server: Pick<RedisServer, "url">,
  prefix: string,
  options: Omit<RedisStoreOptions, "target"> = {},
): Promise<Store> {
  return openRedisStore({ ...options, target: `${server.url}/?prefix=${prefix}` });
}

/** A role of the scope, which must be free. */
export async function mergerOf(scope: ScopeStore, holder = "m"): Promise<MergerLease> {
  const lease = await scope.acquire("merger", { holder, ttlMs: 60_000 });
  if (lease === undefined) throw new Error("somebody else merges");
  return lease;
}

export async function streamerOf(scope: ScopeStore, holder = "s"): Promise<InputLease<"streamer">> {
  const lease = await scope.acquire("streamer", { holder, ttlMs: 60_000 });
  if (lease === undefined) throw new Error("somebody else streams");
  return lease;
}

/** An object of so many bytes, about. */
export function objectOf(name: string, version: number | string = 1, bytes = 10): StoredObject {
  const metadata = { name, namespace: "team-a", uid: `uid-${name}`, resourceVersion: String(version) };
  return decodeObject(Buffer.from(JSON.stringify({ metadata, data: "x".repeat(bytes) })));
}

/** A commit that sets these objects, at a version. */
export function commitOf(version: number | string, ...objects: readonly StoredObject[]): ViewCommit {
  const at = parseResourceVersion(String(version));
  return {
    changes: objects.map((object): ViewChange => ({
      type: "set",
      object,
      previous: undefined,
      origin: "stream",
      observedAt: 1,
    })),
    meta: { ...NO_VIEW, version: at, horizon: at, streamedThrough: at },
  };
}

/** `key@version` of every object in the view, in order. */
export async function shownBy(scope: ScopeStore, options?: CallOptions): Promise<string[]> {
  const { objects } = await scope.read({}, options);
  return objects.map(({ name, resourceVersion }) => `${name}@${resourceVersion}`);
}
