import { printable } from "./printable.ts";

/**
 * Sets rows in columns, some now and some later: a column is as wide as the widest cell that it has had. Three spaces
 * between, the last one not padded.
 */
export class RowColumns {
  readonly #widths: number[] = [];

  /** One line for each row, without line breaks. */
  lines(rows: readonly (readonly string[])[]): string[] {
    const cells = rows.map((row) => row.map(printable));
    for (const row of cells)
      for (const [at, cell] of row.entries()) this.#widths[at] = Math.max(this.#widths[at] ?? 0, cell.length);
    return cells.map((row) =>
      row
        .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd((this.#widths[at] ?? 0) + 3)))
        .join("")
        .trimEnd(),
    );
  }
}
