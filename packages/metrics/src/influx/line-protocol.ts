import { KrmError } from "@krm/core";

/** The value of a field. A bare number is a float, also where it has no fraction: InfluxDB keeps the type for ever. */
export type FieldValue = number | { readonly integer: number | bigint } | string | boolean;

const LEAST_INTEGER = -(2n ** 63n);
const MOST_INTEGER = 2n ** 63n - 1n;

/** What makes a name or a tag value more than its own characters. */
const SPECIAL_IN_NAME = /[,= \\\n\r\t]/;
const ESCAPES: Readonly<Record<string, string>> = {
  ",": "\\,",
  " ": "\\ ",
  "=": "\\=",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};
const SPECIAL_IN_TEXT = /["\\\n\r\t]/;

/**
 * One point in InfluxDB's line protocol, without a line break at its end; undefined where no field is left.
 *
 * Left out are tags that are empty or undefined, and fields that InfluxDB has no value for: undefined, NaN and infinite
 * numbers, integers that have a fraction or more than 64 bits. What the protocol cannot say is changed: a line break, a
 * carriage return and a tab become `\n`, `\r` and `\t` in two characters each (so that a point is always one line), and in
 * names and tag values, backslashes at the end or before a comma, a space, an equals sign or a double quote are left out
 * (databases take them for an escape, and there is no escape for them). Everything else is read back as it was given; the text of a field
 * keeps all its backslashes.
 *
 * Tags and fields come in the order of their objects. Neither lengths nor names are judged: that a name is `time` or
 * begins with `_`, or that a series key has more than 64 KiB, is for the database to refuse.
 *
 * @param timeNs nanoseconds since 1970: decimal digits, or a bigint
 * @throws KrmError `KRM_INVALID_ARGUMENT` for a measurement, a tag or a field without a name.
 */
export function line(
  measurement: string,
  tags: Readonly<Record<string, string | undefined>>,
  fields: Readonly<Record<string, FieldValue | undefined>>,
  timeNs: string | bigint,
): string | undefined {
  let fieldSet = "";
  for (const key in fields) {
    const value = fieldValue(fields[key]);
    if (value === undefined) continue;
    fieldSet += `${fieldSet === "" ? " " : ","}${name(key, "a field")}=${value}`;
  }
  if (fieldSet === "") return undefined;
  let series = measurementName(measurement);
  for (const key in tags) {
    const value = escapedName(tags[key] ?? "");
    if (value !== "") series += `,${name(key, "a tag")}=${value}`;
  }
  return `${series}${fieldSet} ${timeNs}`;
}

function fieldValue(value: FieldValue | undefined): string | undefined {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? String(value) : undefined;
    case "boolean":
      return value ? "true" : "false";
    case "string":
      return `"${SPECIAL_IN_TEXT.test(value) ? oneLine(value.replaceAll(/["\\]/g, String.raw`\$&`), "\\\\") : value}"`;
    case "object":
      return integer(value.integer);
    default:
      return undefined;
  }
}

function integer(value: number | bigint): string | undefined {
  if (Number.isSafeInteger(value)) return `${value}i`;
  if (typeof value === "number" && !Number.isInteger(value)) return undefined;
  const exact = BigInt(value);
  return exact >= LEAST_INTEGER && exact <= MOST_INTEGER ? `${exact}i` : undefined;
}

function name(key: string, what: string): string {
  const escaped = escapedName(key);
  if (escaped === "") throw nameless(what, key);
  return escaped;
}

/** Of a tag key, a tag value or a field key. */
function escapedName(text: string): string {
  return SPECIAL_IN_NAME.test(text) ? escaped(text, true) : text;
}

/** An equals sign of a measurement is its own: escaped, it would be read back with the backslash. */
function measurementName(text: string): string {
  const name = SPECIAL_IN_NAME.test(text) ? escaped(text, false) : text;
  if (name === "") throw nameless("a measurement", text);
  return name;
}

function escaped(text: string, equalsSign: boolean): string {
  // Without the backslashes that cannot be written.
  const bare = text.includes("\\") ? text.replaceAll(/\\+(?=[,= "]|$)/g, "") : text;
  let out = "";
  let from = 0;
  for (let index = 0; index < bare.length; index++) {
    const escape = ESCAPES[bare[index] as string];
    if (escape === undefined || (escape === "\\=" && !equalsSign)) continue;
    out += bare.slice(from, index) + escape;
    from = index + 1;
  }
  return out + bare.slice(from);
}

function oneLine(text: string, backslash: string): string {
  return text.replaceAll("\n", `${backslash}n`).replaceAll("\r", `${backslash}r`).replaceAll("\t", `${backslash}t`);
}

function nameless(what: string, given: string): KrmError {
  return new KrmError("KRM_INVALID_ARGUMENT", `${what} of a line has no name: ${JSON.stringify(given)}`, {
    hint: "give it one with a character other than backslashes",
  });
}
