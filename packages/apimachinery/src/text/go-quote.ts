const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

const NAMED: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
};

function escapeRune(rune: string, quote: string): string {
  if (rune === quote) return `\\${rune}`;
  const named = NAMED[rune];
  if (named !== undefined) return named;
  if (PRINTABLE.test(rune)) return rune;
  const point = rune.codePointAt(0) ?? 0;
  if (point < 0x20 || point === 0x7f) return `\\x${point.toString(16).padStart(2, "0")}`;
  if (point > 0xffff) return `\\U${point.toString(16).padStart(8, "0")}`;
  return `\\u${point.toString(16).padStart(4, "0")}`;
}

/**
 * Quotes text as Go's `%q` does, which is how the API server quotes values in its messages. Differs from JSON in
 * control characters (`\x01`, `\a`) and in escaping whatever is not printable.
 */
export function goQuote(text: string): string {
  let quoted = '"';
  for (const rune of text) quoted += escapeRune(rune, '"');
  return `${quoted}"`;
}

/** Quotes one character as Go's encoding/json names it in its errors: `'x'`, `'\''`, `'\u0081'`. */
export function goQuoteChar(point: number): string {
  const rune = String.fromCodePoint(point);
  return `'${escapeRune(rune, "'")}'`;
}
