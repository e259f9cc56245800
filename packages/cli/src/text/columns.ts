import { printable } from "./printable.ts";

/**
 * Sets rows in columns as kubectl does: left-aligned, three spaces between unless told otherwise, the last one not padded. Every row must have
 * as many cells as the first.
 *
 * @returns One line for each row, without line breaks.
 */
export function alignColumns(rows: readonly (readonly string[])[], gap = 3): string[] {
  const cells = rows.map((row) => row.map(printable));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + gap)))
      .join("")
      .trimEnd(),
  );
}
