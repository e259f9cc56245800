import type { WatchEvent } from "@krm/client";
import type { Column } from "./columns.ts";
import type { KubernetesObject } from "./kubernetes-object.ts";
import { keyOf, type Row, toRow } from "./row.ts";

/** The objects of one resource, as a watch tells them. */
export interface RowSet {
  readonly rows: ReadonlyMap<string, Row>;
  /** Whether all that there is was told: else some are missing, or from before the watch began anew. */
  readonly complete: boolean;
  /** How many objects of a new set were told; undefined: none is being told. */
  readonly told: number | undefined;
  /** The version after which a watch can go on; undefined: it has to begin anew. */
  readonly resourceVersion: string | undefined;
  /** Rises with every change. */
  readonly version: number;
}

/**
 * Follows a watch. While a new set is told after a break, the one before is shown on; the first is shown as it comes.
 * Nothing of an object is kept but its row.
 */
export class RowFollower implements RowSet {
  readonly #columns: readonly Column[];
  #rows = new Map<string, Row>();
  #next: Map<string, Row> | undefined;
  complete = false;
  resourceVersion: string | undefined;
  version = 0;

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
  }

  get rows(): ReadonlyMap<string, Row> {
    return this.#rows;
  }

  get told(): number | undefined {
    return this.#next?.size;
  }

  /** Takes what the watch tells. */
  take(event: WatchEvent<KubernetesObject>): void {
    this.version++;
    switch (event.type) {
      case "reset":
        this.#next = new Map();
        this.resourceVersion = undefined;
        if (!this.complete) this.#rows = this.#next;
        return;
      case "synced":
        this.#rows = this.#next ?? this.#rows;
        this.#next = undefined;
        this.complete = true;
        this.resourceVersion = event.resourceVersion;
        return;
      case "bookmark":
        this.resourceVersion = event.resourceVersion;
        return;
      case "deleted":
        (this.#next ?? this.#rows).delete(keyOf(event.object));
        break;
      case "added":
      case "modified":
        this.#set(event.object);
        break;
    }
    if (this.#next === undefined) this.resourceVersion = event.resourceVersion;
  }

  #set(object: KubernetesObject): void {
    const rows = this.#next ?? this.#rows;
    const before = this.#rows.get(keyOf(object));
    const isNews = this.#next === undefined;
    const row = toRow(object, this.#columns, (before?.changes ?? 0) + (isNews ? 1 : 0));
    rows.set(row.key, row);
  }
}
