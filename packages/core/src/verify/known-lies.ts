import type { ObjectKey } from "../model/object-key.ts";
import { compareResourceVersions } from "../model/resource-version.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Revision } from "../model/stored-object.ts";
import type { Suspect } from "./compare.ts";
import type { Ruling } from "./ruling.ts";

/** What a list shows of an object, against what the object said. */
type Lie = Pick<Revision, "uid" | "resourceVersion">;

/**
 * Objects of which the lists of this API server are known to show an outdated state: what was refuted once need not be asked
 * again in each verification, which would leave no requests for finding others.
 */
export class KnownLies {
  readonly #lies = new Map<ObjectKey, Lie>();

  /** The cluster has another history: what was refuted in the old one may be true. */
  clear(): void {
    this.#lies.clear();
  }

  /** Remembers what this verification refuted, and forgets what lists do not show any more. */
  learn(listed: Snapshot, rulings: ReadonlyMap<ObjectKey, Ruling>): void {
    for (const [key, lie] of this.#lies) if (!isSame(listed.entries.get(key), lie)) this.#lies.delete(key);
    for (const [key, { contradicted }] of rulings) {
      const entry = listed.entries.get(key);
      if (contradicted === true && entry !== undefined) this.#lies.set(key, entry);
    }
  }

  /**
   * The ruling on a state that was refuted before, where the view still shows something newer than it, or nothing.
   * Undefined: it must be asked.
   */
  rule({ key, shown, listed, moreKnown }: Suspect): Ruling | undefined {
    const lie = this.#lies.get(key);
    if (lie === undefined || moreKnown || listed === undefined || !isSame(listed, lie)) return undefined;
    if (shown === undefined) return { entry: "absent", contradicted: true };
    if (compareResourceVersions(shown.resourceVersion, lie.resourceVersion) <= 0) return undefined;
    return { entry: { uid: shown.uid, resourceVersion: shown.resourceVersion }, contradicted: true };
  }
}

function isSame(one: Lie | undefined, other: Lie): boolean {
  return one?.uid === other.uid && one.resourceVersion === other.resourceVersion;
}
