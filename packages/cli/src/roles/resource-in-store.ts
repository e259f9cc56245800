import { type Clock, KrmError, type Logger, resourceId, resourceName, type ResourceType, type Store } from "@krm/core";
import { resolveResource } from "@krm/kubernetes";
import { builtInResource, resourceAmong } from "../cluster/resolve-resources.ts";

/** A role that brings it may start later. */
const LOOK_AGAIN_MS = 1000;

/**
 * Finds a resource without asking a cluster: it is one of the six that are known, or some role has brought it to the
 * store; until then it is waited for.
 *
 * @throws KrmError `KRM_UNKNOWN_RESOURCE` when the name fits several in the store; the reason of `signal`.
 */
export async function resourceInStore(
  name: string,
  store: Store,
  { logger, clock, signal }: { readonly logger: Logger; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<ResourceType> {
  const builtIn = builtInResource(name);
  if (builtIn !== undefined) return builtIn;
  for (let told = false; ;) {
    const known = await typesIn(store, signal);
    if (known !== undefined) {
      if (known.some((type) => resourceAmong(name, [type]) !== undefined)) return resolveResource(name, known);
      if (!told) {
        const held = known.length === 0 ? "nothing yet" : known.map(resourceName).join(", ");
        logger.info(
          {},
          `no role has brought ${JSON.stringify(name)} to the store, which holds ${held}; waiting for it`,
        );
      }
      told = true;
    }
    await clock.sleep(LOOK_AGAIN_MS, { signal });
  }
}

/** Undefined: the store does not answer, which is told elsewhere. */
async function typesIn(store: Store, signal: AbortSignal): Promise<readonly ResourceType[] | undefined> {
  try {
    const types = (await store.scopes({ signal })).map(({ resource }) => resource);
    return [...new Map(types.map((type) => [resourceId(type), type])).values()];
  } catch (error) {
    if (KrmError.is(error, "KRM_STORE_FAILED")) return undefined;
    throw error;
  }
}
