/** The rows that are made: those that can be seen, and some around them. */
export interface RowWindow {
  /** Of the first one. */
  readonly first: number;
  /** Behind the last one. */
  readonly end: number;
  /** Of what is above and below, in pixels. */
  readonly above: number;
  readonly below: number;
}

/** Made beyond those that can be seen, at each end, so that scrolling shows no gap. */
const AROUND = 12;

/** Which of `count` rows of one height are made, where `top` pixels are scrolled away and `height` can be seen. Pure. */
export function rowWindow(
  count: number,
  { top, height, rowHeight }: { readonly top: number; readonly height: number; readonly rowHeight: number },
): RowWindow {
  const seen = Math.ceil(height / rowHeight) + 1;
  const at = Math.min(Math.max(0, Math.floor(top / rowHeight)), Math.max(0, count - seen));
  const first = Math.max(0, at - AROUND);
  const end = Math.min(count, at + seen + AROUND);
  return { first, end, above: first * rowHeight, below: (count - end) * rowHeight };
}

/** Where to scroll to so that a row is seen whole; undefined: it is. */
export function scrolledTo(
  index: number,
  { top, height, rowHeight }: { readonly top: number; readonly height: number; readonly rowHeight: number },
): number | undefined {
  const start = index * rowHeight;
  if (start < top) return start;
  const end = start + rowHeight;
  return end > top + height ? end - height : undefined;
}
