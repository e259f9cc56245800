const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

const LONGEST = 32;

/**
 * Reads a duration: whole numbers with units `h`, `m`, `s`, `ms`, each at most once, the larger first. A bare number is
 * refused, since nobody can tell its unit.
 *
 * @returns Milliseconds.
 * @throws RangeError that names the text and says how to write it.
 * @example
 * parseDuration("1h30m") // 5_400_000
 */
export function parseDuration(text: string): number {
  let total = 0;
  let rest = text;
  let next = 0;
  if (text === "" || text.length > LONGEST) throw notADuration(text);
  while (rest !== "") {
    const digits = leadingDigits(rest);
    if (digits === 0) throw notADuration(text);
    const unit = leadingUnit(rest, digits);
    const at = UNITS.findIndex(([name]) => name === unit);
    if (at < next) throw notADuration(text);
    total += Number(rest.slice(0, digits)) * (UNITS[at]?.[1] ?? 0);
    next = at + 1;
    rest = rest.slice(digits + unit.length);
  }
  if (!Number.isSafeInteger(total)) throw notADuration(text);
  return total;
}

/** Writes milliseconds as {@link parseDuration} reads them: `5400000` is `1h30m`. Fractions are rounded. */
export function formatDuration(ms: number): string {
  let rest = Math.round(ms);
  let text = "";
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text === "" ? "0s" : text;
}

function leadingDigits(text: string): number {
  let count = 0;
  for (let code = text.charCodeAt(count); code >= 48 && code <= 57; code = text.charCodeAt(count)) count += 1;
  return count;
}

function leadingUnit(text: string, from: number): string {
  let end = from;
  for (let code = text.charCodeAt(end); code >= 97 && code <= 122; code = text.charCodeAt(end)) end += 1;
  return text.slice(from, end);
}

function notADuration(text: string): RangeError {
  const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return new RangeError(
    `${JSON.stringify(shown)} is not a duration: write whole numbers with units, such as "30s", "5m", "1h30m" or "500ms"`,
  );
}
