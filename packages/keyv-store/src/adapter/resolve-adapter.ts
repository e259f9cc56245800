import { KrmError } from "@krm/core";
import {
  detectKeyv,
  detectKeyvStorage,
  Keyv,
  KeyvBridgeAdapter,
  KeyvMemoryAdapter,
  type KeyvStorageAdapter,
} from "keyv";

/** What a store can be built on: a Keyv, a storage adapter of one, or a Map (which is gone with the process). */
export type KeyvBackend = Keyv | KeyvStorageAdapter | Map<string, unknown>;

/**
 * The storage adapter behind whatever a user has. Records are kept in it directly: Keyv itself answers a failed read
 * as if there were nothing.
 *
 * @throws KrmError `KRM_STORE_UNUSABLE` that names what is missing.
 */
export function resolveAdapter(backend: KeyvBackend): KeyvStorageAdapter {
  const adapter = asAdapter(isKeyv(backend) ? storageOf(backend) : backend);
  if (!canIterate(adapter))
    throw new KrmError("KRM_STORE_UNUSABLE", "this Keyv adapter cannot iterate over its entries", {
      hint: "Use an adapter that has iterator(); a Map-like one needs entries().",
    });
  return adapter;
}

function isKeyv(backend: object): backend is Keyv {
  return backend instanceof Keyv || detectKeyv(backend).compatible;
}

function storageOf(keyv: Keyv): object {
  const extra = (["compression", "encryption"] as const).filter((name) => keyv[name] !== undefined);
  if (extra.length === 0) return keyv.store;
  throw new KrmError("KRM_STORE_UNUSABLE", `a Keyv with ${extra.join(" and ")} cannot be used`, {
    hint: "KRM writes to the storage adapter itself: let the backend compress and encrypt, and pass its adapter.",
  });
}

/** As Keyv does it, but for what it does with an adapter that it cannot use: keep everything in memory. */
function asAdapter(backend: object): KeyvStorageAdapter {
  if ((backend as Partial<KeyvStorageAdapter>).capabilities?.expires === true) return backend as KeyvStorageAdapter;
  const { store, methods } = detectKeyvStorage(backend);
  if (store === "mapLike") return new KeyvMemoryAdapter(backend as Map<string, unknown>);
  if (store !== "none") return new KeyvBridgeAdapter(backend as KeyvStorageAdapter);
  const missing = (["get", "set", "delete", "clear", "has"] as const).filter((name) => !methods[name].exists);
  throw new KrmError("KRM_STORE_UNUSABLE", `this is no Keyv adapter: it has no ${missing.join(", ")}`, {
    hint: "Pass a Keyv storage adapter, as new KeyvSqlite(…) of @keyv/sqlite, or a Keyv that has one.",
  });
}

function canIterate(adapter: KeyvStorageAdapter): boolean {
  if (adapter instanceof KeyvMemoryAdapter)
    return typeof (adapter.store as Partial<Map<string, unknown>>).entries === "function";
  if (adapter instanceof KeyvBridgeAdapter) return adapter.capabilities.methods.iterator.exists;
  return typeof adapter.iterator === "function";
}
