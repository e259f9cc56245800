/** One word of a label selector. `symbol`: an operator, a bracket or a comma. `end` closes every list of words. */
export type Token =
  | { readonly type: "identifier"; readonly text: string }
  | { readonly type: "symbol"; readonly text: string }
  | { readonly type: "end"; readonly text: "" };

const END: Token = { type: "end", text: "" };

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13;
}

/** `! ( ) , < = >` */
function isSymbol(code: number): boolean {
  return code === 33 || code === 40 || code === 41 || code === 44 || (code >= 60 && code <= 62);
}

/** The character at `at`; 0 past the end, and for NUL, which ends a word as the end does (upstream reads it so too). */
function codeAt(text: string, at: number): number {
  return at < text.length ? text.charCodeAt(at) : 0;
}

/** Cuts a label selector into words. Never fails: what makes no sense is for the parser to say. */
export function lexLabelSelector(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    while (isSpace(codeAt(text, at))) at++;
    const code = codeAt(text, at);
    if (code === 0) {
      tokens.push(END);
      return tokens;
    }
    const start = at;
    if (isSymbol(code)) {
      const double = (code === 33 || code === 61) && codeAt(text, at + 1) === 61;
      at += double ? 2 : 1;
      tokens.push({ type: "symbol", text: text.slice(start, at) });
      continue;
    }
    let next = code;
    while (next !== 0 && !isSymbol(next) && !isSpace(next)) next = codeAt(text, ++at);
    tokens.push({ type: "identifier", text: text.slice(start, at) });
    if (at < text.length && next === 0) at++;
  }
}
