/**
 * JSON structure over bytes: every function takes the position of its first byte and gives the position after its
 * last, and throws {@link JsonSyntaxError} for what RFC 8259 does not allow. Together they accept exactly the texts
 * that `JSON.parse` accepts, down to {@link MAX_DEPTH}. UTF-8 itself is not checked.
 *
 * `end` must be the end of the buffer or the place of a line feed: no token goes over either, so that the loops need
 * not ask at every byte whether the text has ended.
 */

// Not imported: V8 compiles a constant of the module itself into the loops, but loads an imported or exported one anew
// each time, which makes them a third slower.
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const MINUS = 0x2d;
const ZERO = 0x30;
const TRUE = [0x74, 0x72, 0x75, 0x65];
const FALSE = [0x66, 0x61, 0x6c, 0x73, 0x65];
const NULL = [0x6e, 0x75, 0x6c, 0x6c];

/** Nesting beyond this is refused, as the API server itself refuses it (sigs.k8s.io/json `maxNestingDepth`). */
export const MAX_DEPTH = 10_000;

/** What is wrong with a text, and at which byte of the scanned buffer. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(what);
    this.offset = offset;
  }
}

/** 1 for the bytes that may follow each other in a string without a closer look. */
const PLAIN: Uint8Array = new Uint8Array(256).fill(1, SPACE);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

/** The kinds of the open containers around the one at hand, in {@link skipValue}: 1 for an object. */
const outer: Uint8Array = new Uint8Array(MAX_DEPTH + 1);

export function skipSpace(b: Uint8Array, at: number, end: number): number {
  let i = at;
  for (; i < end; i++) {
    const c = b[i];
    if (c !== SPACE && c !== 0x0a && c !== 0x0d && c !== 0x09) break;
  }
  return i;
}

/** To the first byte from `at` on, within a string, that is its closing quote, an escape, or not allowed. */
export function skipPlain(b: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && PLAIN[b[i] as number] === 1) i++;
  return i;
}

/** `at`: after the opening quote. */
export function skipString(b: Uint8Array, at: number, end: number): number {
  let i = at;
  for (;;) {
    i = skipPlain(b, i, end);
    if (i < end && b[i] === QUOTE) return i + 1;
    i = skipEscape(b, i, end);
  }
}

/** `at`: at a byte within a string that is neither plain nor the closing quote. */
function skipEscape(b: Uint8Array, at: number, end: number): number {
  if (at >= end || (b[at] === BACKSLASH && at + 1 >= end))
    throw new JsonSyntaxError("the text ends within a string", end);
  if (b[at] !== BACKSLASH) throw new JsonSyntaxError("control character within a string", at);
  switch (b[at + 1] as number) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 2;
    case 0x75: // u
      for (let i = at + 2; i < at + 6; i++) {
        if (i >= end) throw new JsonSyntaxError("the text ends within a string", end);
        if (!isHex(b[i] as number)) throw new JsonSyntaxError("bad \\u escape within a string", at);
      }
      return at + 6;
    default:
      throw new JsonSyntaxError("bad escape within a string", at);
  }
}

function isDigit(c: number | undefined): boolean {
  return c !== undefined && c >= 0x30 && c <= 0x39;
}

function isHex(c: number): boolean {
  const lower = c | 0x20;
  return isDigit(c) || (lower >= 0x61 && lower <= 0x66);
}

/** The error for a byte, or the end, where something else must stand. */
export function expected(what: string, b: Uint8Array, at: number, end: number): JsonSyntaxError {
  return at >= end
    ? new JsonSyntaxError(`the text ends where ${what} is expected`, end)
    : new JsonSyntaxError(
        `unexpected byte 0x${(b[at] as number).toString(16).padStart(2, "0")} where ${what} is expected`,
        at,
      );
}

/** `at`: after a member's name. Gives the position after the colon. */
export function skipColon(b: Uint8Array, at: number, end: number): number {
  if (b[at] === COLON) return at + 1;
  const i = skipSpace(b, at, end);
  if (b[i] !== COLON) throw expected('":"', b, i, end);
  return i + 1;
}

/**
 * `at`: at the value, or white space before it.
 *
 * Nearly all bytes of a cluster go through this loop and no other, so it is written out in one piece: calls for each
 * string and each name make it half as fast.
 */
export function skipValue(b: Uint8Array, at: number, end: number): number {
  const lastFour = end - 4;
  let i = at;
  let depth = 0;
  let inObject = false;
  let atName = false;
  for (;;) {
    let c = b[i] as number;
    if (c <= SPACE) {
      i = skipSpace(b, i, end);
      c = b[i] as number;
    }
    if (c === QUOTE) {
      i++;
      for (;;) {
        plain: {
          while (i <= lastFour) {
            if (PLAIN[b[i] as number] === 0) break plain;
            if (PLAIN[b[i + 1] as number] === 0) {
              i += 1;
              break plain;
            }
            if (PLAIN[b[i + 2] as number] === 0) {
              i += 2;
              break plain;
            }
            if (PLAIN[b[i + 3] as number] === 0) {
              i += 3;
              break plain;
            }
            i += 4;
          }
          while (i < end && PLAIN[b[i] as number] === 1) i++;
          if (i >= end) throw new JsonSyntaxError("the text ends within a string", end);
        }
        if (b[i] === QUOTE) break;
        i = skipEscape(b, i, end);
      }
      i++;
      if (atName) {
        i = b[i] === COLON ? i + 1 : skipColon(b, i, end);
        atName = false;
        continue;
      }
    } else if (atName) {
      throw expected("a member's name", b, i, end);
    } else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      const opensObject = c === OPEN_BRACE;
      i++;
      if ((b[i] as number) <= SPACE) i = skipSpace(b, i, end);
      if (b[i] === (opensObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
        i++;
      } else {
        if (depth === MAX_DEPTH) throw new JsonSyntaxError(`more than ${MAX_DEPTH} levels of nesting`, i);
        outer[depth++] = inObject ? 1 : 0;
        inObject = opensObject;
        atName = opensObject;
        continue;
      }
    } else {
      i = skipScalar(b, i, end);
    }
    // After a value: what it stands in goes on, or ends, and with it perhaps what that stands in.
    for (;;) {
      if (depth === 0) return i;
      c = b[i] as number;
      if (c <= SPACE) {
        i = skipSpace(b, i, end);
        c = b[i] as number;
      }
      if (c === COMMA) {
        i++;
        atName = inObject;
        break;
      }
      if (c !== (inObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
        throw expected(inObject ? '"," or "}"' : '"," or "]"', b, i, end);
      }
      i++;
      inObject = outer[--depth] === 1;
    }
  }
}

function skipScalar(b: Uint8Array, at: number, end: number): number {
  switch (b[at] as number) {
    case 0x74:
      return skipWord(b, at, end, TRUE);
    case 0x66:
      return skipWord(b, at, end, FALSE);
    case 0x6e:
      return skipWord(b, at, end, NULL);
    default:
      return skipNumber(b, at, end);
  }
}

function skipWord(b: Uint8Array, at: number, end: number, word: readonly number[]): number {
  for (let k = 1; k < word.length; k++) {
    if (b[at + k] !== word[k]) throw expected(String.fromCharCode(...word), b, at + k, end);
  }
  return at + word.length;
}

function skipNumber(b: Uint8Array, at: number, end: number): number {
  let i = at;
  if (b[i] === MINUS) i++;
  if (b[i] === ZERO) i++;
  else if (isDigit(b[i])) i = skipDigits(b, i, end);
  else throw expected(i === at ? "a value" : "a digit", b, i, end);
  if (b[i] === 0x2e) i = skipDigits(b, i + 1, end);
  if (b[i] === 0x65 || b[i] === 0x45) {
    i++;
    if (b[i] === 0x2b || b[i] === MINUS) i++;
    i = skipDigits(b, i, end);
  }
  return i;
}

/** At least one. */
function skipDigits(b: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && isDigit(b[i])) i++;
  if (i === at) throw expected("a digit", b, i, end);
  return i;
}
