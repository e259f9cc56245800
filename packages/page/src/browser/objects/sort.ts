import type { Column } from "./columns.ts";
import type { Row } from "./row.ts";

/** By which column rows are sorted. */
export interface Order {
  readonly column: string;
  readonly descending: boolean;
}

/** As a list of Kubernetes is: by namespace, then by name. */
export const BY_KEY: Order = { column: "", descending: false };

/** Puts rows into an order; those that are alike stand by namespace and name. The age of what is young is small. */
export function sortRows(
  rows: readonly Row[],
  columns: readonly Column[],
  { column, descending }: Order,
): readonly Row[] {
  const at = columns.findIndex(({ id }) => id === column);
  const sign = (columns[at]?.format === "age") === descending ? 1 : -1;
  const own = columns[at]?.compare;
  const compareCells = (a: string | number, b: string | number): number =>
    (own?.(String(a), String(b)) ?? 0) || compare(a, b);
  return rows.toSorted((a, b) => {
    const order = at < 0 ? 0 : compareCells(a.cells[at] ?? "", b.cells[at] ?? "");
    return order === 0 ? compare(a.key, b.key) : order * sign;
  });
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
