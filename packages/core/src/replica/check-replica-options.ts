import { KrmError } from "../errors.ts";
import type { ReplicaStoreOptions } from "./replica-store.ts";

/** Every option, so that the compiler keeps this in step with the interface. */
const OPTIONS: Record<keyof ReplicaStoreOptions, true> = {
  source: true,
  askEveryMs: true,
  feed: true,
  backoff: true,
  clock: true,
  random: true,
  logger: true,
};

/**
 * Refuses what would leave a replica empty, or ask its source without a pause.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT` that names the option and what it takes.
 */
export function checkReplicaOptions(options: ReplicaStoreOptions): void {
  for (const name of Object.keys(options))
    if (!Object.hasOwn(OPTIONS, name))
      throw new KrmError("KRM_INVALID_ARGUMENT", `a ReplicaStore has no option ${JSON.stringify(name)}`, {
        hint: `It has ${Object.keys(OPTIONS).join(", ")}.`,
      });
  const { source, askEveryMs } = options as {
    readonly source?: { readonly scopes?: unknown };
    readonly askEveryMs?: number;
  };
  if (typeof source?.scopes !== "function")
    throw new KrmError("KRM_INVALID_ARGUMENT", "the ReplicaStore's source cannot be used: give the store to follow");
  if (askEveryMs !== undefined && !(Number.isFinite(askEveryMs) && askEveryMs > 0))
    throw new KrmError(
      "KRM_INVALID_ARGUMENT",
      `the ReplicaStore's askEveryMs cannot be used: it is ${String(askEveryMs)}; give milliseconds above 0`,
    );
}
