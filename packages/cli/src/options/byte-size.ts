import { ParseError } from "./parse-error.ts";

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1000,
  M: 1000 ** 2,
  G: 1000 ** 3,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
};

/**
 * Reads a number of bytes as Kubernetes writes one: `64Mi`, `500k`, `1048576`.
 *
 * @throws ParseError
 */
export function parseByteSize(text: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,12})([A-Za-z]*)$/u.exec(text) ?? [];
  const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  const size = digits === "" || factor === undefined ? Number.NaN : Number(digits) * factor;
  if (Number.isSafeInteger(size)) return size;
  throw new ParseError(`${JSON.stringify(text)} is not a number of bytes: write it like 64Mi, 500k or 1048576`);
}
