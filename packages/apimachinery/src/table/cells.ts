import { durationToHuman } from "../duration.ts";
import { at, type Json, list, text, textEntries } from "../object/json.ts";

/** What a cell of a Table holds. */
export type Cell = string | number;

/** What printing a row needs to know besides the object. */
export interface RowContext {
  /** Epoch milliseconds: what ages are measured against. */
  readonly now: number;
}

/** Turns one object into the cells of its row, one for each column of its kind. */
export type RowPrinter = (object: Json, context: RowContext) => readonly Cell[];

/** The time since an RFC 3339 timestamp, as people read it; `<unknown>` where there is none. */
export function since(timestamp: Json, { now }: RowContext): string {
  const then = Date.parse(text(timestamp));
  return Number.isNaN(then) ? "<unknown>" : durationToHuman(now - then);
}

/** The AGE cell. */
export function age(object: Json, context: RowContext): string {
  return since(at(object, "metadata", "creationTimestamp"), context);
}

/** The NAME cell. */
export function name(object: Json): string {
  return text(at(object, "metadata", "name"));
}

/** A text, or `placeholder` where it is unset or empty. */
export function orElse(value: Json, placeholder: string): string {
  return text(value) || placeholder;
}

/** A map of labels as a selector of exact values, sorted; `<none>` where there are none. */
export function formatLabels(labels: Json): string {
  const pairs = textEntries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.toSorted().join(",") || "<none>";
}

/** Addresses of a load balancer: each point's IP, or its host name, sorted and without duplicates. */
export function loadBalancerAddresses(object: Json): readonly string[] {
  const points = list(at(object, "status", "loadBalancer", "ingress"));
  const addresses = points.map((point) => text(at(point, "ip")) || text(at(point, "hostname")));
  return [...new Set(addresses)].filter((address) => address !== "").toSorted();
}

/** The status of the condition of this type; undefined where there is none. */
export function conditionStatus(object: Json, type: string): string | undefined {
  const condition = list(at(object, "status", "conditions")).find((entry) => at(entry, "type") === type);
  return condition === undefined ? undefined : text(at(condition, "status"));
}
