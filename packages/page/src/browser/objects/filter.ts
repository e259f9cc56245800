import { type LabelSelector, parseLabelSelector } from "@krm/apimachinery";
import type { Row } from "./row.ts";

/** What rows are narrowed by; empty texts narrow nothing. */
export interface Filter {
  /** Part of the name. */
  readonly name: string;
  /** The namespace, whole. */
  readonly namespace: string;
  /** A label selector, in Kubernetes' own words. */
  readonly labels: string;
  /** Part of the node's name. */
  readonly node: string;
}

/** Narrows nothing. */
export const NO_FILTER: Filter = { name: "", namespace: "", labels: "", node: "" };

/** Whether rows pass, or what is wrong with the label selector. */
export type CompiledFilter =
  | { readonly type: "filter"; readonly passes: (row: Row) => boolean }
  | { readonly type: "invalid"; readonly message: string };

/** Prepares a filter for many rows. */
export function compileFilter({ name, namespace, labels, node }: Filter): CompiledFilter {
  let selector: LabelSelector;
  try {
    selector = parseLabelSelector(labels.trim());
  } catch (error) {
    return { type: "invalid", message: (error as Error).message };
  }
  const part = name.trim().toLowerCase();
  const within = namespace.trim();
  const nodePart = node.trim().toLowerCase();
  return {
    type: "filter",
    passes: (row) =>
      (part === "" || row.name.toLowerCase().includes(part)) &&
      (within === "" || row.namespace === within) &&
      (nodePart === "" || row.node.toLowerCase().includes(nodePart)) &&
      (selector.empty || selector.matches(row.labels)),
  };
}
