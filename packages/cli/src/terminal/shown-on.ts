import type { OutputStream } from "../io.ts";
import { printableLines } from "../text/printable.ts";

/** Makes text from outside what a stream may get. */
export type Shown = (text: string) => string;

/** A terminal gets nothing that would move its cursor or do more ({@link printableLines}); all else gets every byte as it is. */
export function shownOn({ isTTY }: OutputStream): Shown {
  return isTTY === true ? printableLines : (text) => text;
}
