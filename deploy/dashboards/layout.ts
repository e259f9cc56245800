import type { Panel } from "./board.ts";

/** A panel and where it stands, in units of a grid. */
export interface Placed {
  readonly panel: Panel;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Places the panels of each row from left to right, in as many lines as they need, and the rows below each other. */
export function placed(
  rows: readonly (readonly Panel[])[],
  columns: number,
  heightOf: (panel: Panel) => number,
  top: number,
): readonly Placed[] {
  let y = top;
  const all: Placed[] = [];
  for (const row of rows) {
    let x = 0;
    let height = 0;
    for (const panel of row) {
      const width = (panel.width * columns) / 12;
      if (x + width > columns) {
        y += height;
        x = 0;
        height = 0;
      }
      all.push({ panel, x, y, width, height: heightOf(panel) });
      x += width;
      height = Math.max(height, heightOf(panel));
    }
    y += height;
  }
  return all;
}
