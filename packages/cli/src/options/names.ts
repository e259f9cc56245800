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
 * Makes a reader of one word out of a list.
 *
 * @throws ParseError that lists them.
 */
export function oneOf<T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((each) => each === text);
    if (word !== undefined) return word;
    throw new ParseError(`${JSON.stringify(text)} is not one of ${words.join(", ")}`);
  };
}
