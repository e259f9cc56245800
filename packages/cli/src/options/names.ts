import { ParseError } from "./parse-error.ts";

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * Reads names of namespaces, one or several with commas between.
 *
 * @throws ParseError for one that no namespace can have.
 */
export function parseNamespaces(text: string): readonly string[] {
  return text.split(",").map((name) => parseNamespace(name.trim()));
}

/**
 * Reads the name of a namespace.
 *
 * @throws ParseError for one that no namespace can have.
 */
export function parseNamespace(text: string): string {
  if (NAMESPACE.test(text)) return text;
  throw new ParseError(
    `${JSON.stringify(text)} is not a namespace: at most 63 lower-case letters, digits and "-", a letter or digit at both ends`,
  );
}

/**
 * The options of a flag that takes one word out of a list. Its reader throws a `ParseError` that lists them.
 *
 * @example
 * flag("--log-level <LEVEL>", "how much is told", { ...oneOf(LOG_LEVELS), default: "info" });
 */
export function oneOf<T extends string>(
  words: readonly T[],
): { readonly parse: (text: string) => T; readonly values: readonly T[] } {
  const parse = (text: string): T => {
    const word = words.find((each) => each === text);
    if (word !== undefined) return word;
    throw new ParseError(`${JSON.stringify(text)} is not one of ${words.join(", ")}`);
  };
  return { parse, values: words };
}
