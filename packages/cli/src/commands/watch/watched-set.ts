import type { WatchEvent } from "@krm/client";

/** What is shown of an event. */
export interface ShownChange {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: WatchedObject;
}

/** An object, as far as it is looked into here. */
export interface WatchedObject {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly resourceVersion?: string };
}

type Objects = Map<string, WatchedObject>;

/**
 * What a watch has shown, so that when it begins anew only the differences are shown: what changed meanwhile, and what is
 * gone. Of each object it holds its names and its version.
 */
export class WatchedSet {
  #shown: Objects = new Map();
  /** The set that is coming in; undefined: it is complete. */
  #coming: Objects | undefined;
  #wasComplete = false;

  get size(): number {
    return this.#shown.size;
  }

  /** Takes an event; gives what of it is news. */
  take(event: WatchEvent<WatchedObject>): readonly ShownChange[] {
    switch (event.type) {
      case "reset":
        // A first set that broke off counts for nothing, and is shown as a whole by the next one.
        if (!this.#wasComplete) this.#shown = new Map();
        this.#coming = new Map();
        return [];
      case "added":
      case "modified":
        return this.#put(event.object);
      case "deleted": {
        const key = keyOf(event.object);
        this.#coming?.delete(key);
        return this.#shown.delete(key) ? [{ type: "DELETED", object: event.object }] : [];
      }
      case "synced":
        return this.#complete();
      case "bookmark":
        return [];
    }
  }

  #put(object: WatchedObject): readonly ShownChange[] {
    const key = keyOf(object);
    const known = this.#shown.get(key);
    const named = { kind: object.kind ?? "", apiVersion: object.apiVersion ?? "", metadata: namesOf(object) };
    this.#shown.set(key, named);
    this.#coming?.set(key, named);
    if (known === undefined) return [{ type: "ADDED", object }];
    return known.metadata?.resourceVersion === object.metadata?.resourceVersion ? [] : [{ type: "MODIFIED", object }];
  }

  #complete(): readonly ShownChange[] {
    const coming = this.#coming ?? this.#shown;
    this.#coming = undefined;
    this.#wasComplete = true;
    const gone = [...this.#shown].filter(([key]) => !coming.has(key));
    this.#shown = coming;
    return gone.map(([, object]) => ({ type: "DELETED", object }));
  }
}

function keyOf({ metadata }: WatchedObject): string {
  return `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`;
}

function namesOf({
  metadata: { name = "", namespace, resourceVersion = "" } = {},
}: WatchedObject): NonNullable<WatchedObject["metadata"]> {
  return { name, resourceVersion, ...(namespace === undefined ? {} : { namespace }) };
}
