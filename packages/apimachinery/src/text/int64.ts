const MAX = "9223372036854775807";
const MIN = "9223372036854775808";

/** Where the significant digits of an integer start: after the sign and leading zeros. */
function significant(text: string): number {
  const first = text.charCodeAt(0);
  let at = first === 43 || first === 45 ? 1 : 0;
  while (at < text.length - 1 && text.charCodeAt(at) === 48) at++;
  return at;
}

/** Compares the digits of `a` from `aAt` on with those of `b` from `bAt` on. Allocates nothing. */
function compareDigits(a: string, aAt: number, b: string, bAt: number): number {
  const length = a.length - aAt;
  const difference = length - (b.length - bAt);
  if (difference !== 0) return difference;
  for (let i = 0; i < length; i++) {
    const step = a.charCodeAt(aAt + i) - b.charCodeAt(bAt + i);
    if (step !== 0) return step;
  }
  return 0;
}

/** Why Go's `strconv.ParseInt(text, 10, 64)` refuses `text`; undefined where it does not. Allocates nothing. */
export function int64Problem(text: string): "invalid syntax" | "value out of range" | undefined {
  const first = text.charCodeAt(0);
  const start = first === 43 || first === 45 ? 1 : 0;
  if (start === text.length) return "invalid syntax";
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return "invalid syntax";
  }
  const limit = first === 45 ? MIN : MAX;
  return compareDigits(text, significant(text), limit, 0) > 0 ? "value out of range" : undefined;
}

/** Orders two texts that {@link int64Problem} accepts, by the integers they spell. Allocates nothing. */
export function compareInt64(a: string, b: string): number {
  const aAt = significant(a);
  const bAt = significant(b);
  const aSign = a.charCodeAt(aAt) === 48 ? 0 : a.charCodeAt(0) === 45 ? -1 : 1;
  const bSign = b.charCodeAt(bAt) === 48 ? 0 : b.charCodeAt(0) === 45 ? -1 : 1;
  if (aSign !== bSign) return aSign - bSign;
  return aSign * compareDigits(a, aAt, b, bAt);
}
