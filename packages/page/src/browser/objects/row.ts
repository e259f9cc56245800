import type { Column } from "./columns.ts";
import type { KubernetesObject } from "./kubernetes-object.ts";

/** What the page keeps of an object: the cells of its row, and what it can be found by. */
export interface Row {
  /** `namespace/name`, or `name`. */
  readonly key: string;
  readonly name: string;
  /** Empty: not in a namespace. */
  readonly namespace: string;
  /** Of pods; empty: on none. */
  readonly node: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly resourceVersion: string;
  /** Of each column a text, or a number to be sorted and formatted. */
  readonly cells: readonly (string | number)[];
  /** Counts what was told of this object since the page watches it; 0: it was there before. */
  readonly changes: number;
}

const NO_LABELS: Readonly<Record<string, string>> = {};

/** The row of an object. `before`: what was shown of it. */
export function toRow(object: KubernetesObject, columns: readonly Column[], changes: number): Row {
  const { metadata, spec } = object;
  return {
    key: keyOf(object),
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    node: typeof spec?.nodeName === "string" ? spec.nodeName : "",
    labels: metadata.labels ?? NO_LABELS,
    resourceVersion: metadata.resourceVersion ?? "",
    cells: columns.map((column) => column.read(object)),
    changes,
  };
}

/** Names an object among those of its resource. */
export function keyOf({ metadata }: KubernetesObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}
