/**
 * Text from outside as it may be shown on a terminal: control characters, which could move the cursor or change what was
 * shown before, become `\u00XX`.
 */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, escaped);
}

/** The same for text of several lines: line breaks and tabs stay as they are. */
export function printableLines(text: string): string {
  // oxlint-disable-next-line no-control-regex -- as above
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, escaped);
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
