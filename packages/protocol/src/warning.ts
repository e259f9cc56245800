/**
 * Writes one value of the `Warning` header: `299 krm "…"`. What a header cannot carry (line breaks, anything outside
 * printable ASCII) becomes a `?`.
 */
export function formatWarning(text: string): string {
  let quoted = "";
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (code < 0x20 || code > 0x7e) quoted += "?";
    else quoted += char === '"' || char === "\\" ? `\\${char}` : char;
  }
  return `299 krm "${quoted}"`;
}

/**
 * Reads the texts out of a `Warning` header, which may hold several values joined by commas. Codes and agents are
 * passed over; what does not parse ends the reading.
 *
 * @example
 * parseWarnings('299 krm "pods: stale", 299 - "other"') // ["pods: stale", "other"]
 */
export function parseWarnings(header: string): readonly string[] {
  const texts: string[] = [];
  let at = header.indexOf('"');
  while (at >= 0) {
    let text = "";
    let end = at + 1;
    while (end < header.length && header[end] !== '"') {
      if (header[end] === "\\") end += 1;
      text += header[end] ?? "";
      end += 1;
    }
    if (end >= header.length) return texts;
    texts.push(text);
    at = nextText(header, end + 1);
  }
  return texts;
}

/** The quote that opens the next value's text; a quoted date may stand between a text and the comma. */
function nextText(header: string, from: number): number {
  const comma = header.indexOf(",", skipDate(header, from));
  return comma < 0 ? -1 : header.indexOf('"', comma);
}

function skipDate(header: string, from: number): number {
  const start = header.slice(from).trimStart();
  if (!start.startsWith('"')) return from;
  const open = header.length - start.length;
  const close = header.indexOf('"', open + 1);
  return close < 0 ? header.length : close + 1;
}
