import type { Store } from "@krm/core";
import type { Watched } from "../view/catalog.ts";

/**
 * The namespaces in which there may be something of a resource, in the order of their keys: those that are watched one by
 * one; of all, those that hold something. They are for no reader to see.
 *
 * @param only Of all those this one at most.
 */
export async function heldNamespaces(
  store: Store,
  { scopes }: Watched,
  only: string | undefined,
): Promise<readonly string[]> {
  const all = scopes.find(({ namespace }) => namespace === undefined);
  if (all === undefined) {
    const watched = scopes.flatMap(({ namespace = "" }) =>
      only === undefined || only === namespace ? [namespace] : [],
    );
    // "a-b/x" comes before "a/x": what is ordered is the whole key.
    return watched.toSorted((a, b) => (`${a}/` < `${b}/` ? -1 : 1));
  }
  if (only !== undefined) return [only];
  const { objects } = await store.scope(all).read();
  const held: string[] = [];
  for (const { namespace } of objects) if (namespace !== held.at(-1)) held.push(namespace);
  return held;
}
