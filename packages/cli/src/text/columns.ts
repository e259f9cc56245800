import { printable } from "./printable.ts";

/**
 * Sets rows in columns as kubectl does, some now and some later: left-aligned, the last cell not padded. A column is as wide
 * as the widest cell that it has had.
 */
export class Columns {
  readonly #gap: number;
  readonly #widths: number[] = [];

  /** @param gap spaces between two columns */
  constructor(gap = 3) {
    this.#gap = gap;
  }

  /**
   * One line for each row, without line breaks.
   *
   * @param paint of one cell, by its column and row, which takes no room. @default as they are
   */
  lines(
    rows: readonly (readonly string[])[],
    paint: (cell: string, column: number, row: number) => string = (cell) => cell,
  ): string[] {
    const cells = rows.map((row) => row.map(printable));
    for (const row of cells)
      for (const [at, cell] of row.entries()) this.#widths[at] = Math.max(this.#widths[at] ?? 0, cell.length);
    return cells.map((row, index) => {
      const last = row.findLastIndex((cell) => cell.trimEnd() !== "");
      return row
        .slice(0, last + 1)
        .map((cell, at) => {
          const room = at === last ? 0 : (this.#widths[at] ?? 0) + this.#gap - cell.length;
          return `${paint(at === last ? cell.trimEnd() : cell, at, index)}${" ".repeat(room)}`;
        })
        .join("");
    });
  }
}

/** Sets rows in columns that come all at once. */
export function alignColumns(rows: readonly (readonly string[])[], gap?: number): string[] {
  return new Columns(gap).lines(rows);
}
