import { jsonpath, type JSONPathQuery, type JSONValue } from "json-p3";
import { ParseError } from "../../options/parse-error.ts";
import { PathReader } from "./path-reader.ts";
import { type Step, stepsOf } from "./segment.ts";

/** What a path leads to in a value, in order; nothing where there is nothing. */
export type JsonPath = (value: unknown) => readonly unknown[];

/**
 * Reads a path as kubectl writes it: `.items[*].metadata.name`, `.metadata.labels.app\.kubernetes\.io/name`,
 * `['metadata.name', 'kind']`, `..image`, `.conditions[?(@.type=="Ready")].status`, with or without `$` or `@` before it.
 * Filters may hold what RFC 9535 allows, which is more than kubectl knows: `&&`, `||`, `!`, `length()`, `match()`.
 *
 * A name or an index that is not there leads nowhere. (kubectl ends with an error where an index is too high.)
 *
 * @throws ParseError
 */
export function jsonPath(text: string): JsonPath {
  const steps = stepsOf(new PathReader(text).segments()).map((step) => compiled(step, text));
  return (value) =>
    steps.reduce<readonly unknown[]>(
      (found, queries) => queries.flatMap((query) => found.flatMap((each) => query.query(each as JSONValue).values())),
      [value],
    );
}

/** A path that may go without its first dot, or stand in braces. @throws ParseError */
export function relaxedPath(text: string): JsonPath {
  const inside = /^\s*\{(.*)\}\s*$/su.exec(text)?.[1] ?? text;
  return jsonPath(/^\s*[.[$@]/u.test(inside) ? inside : `.${inside.trim()}`);
}

function compiled(step: Step, text: string): readonly JSONPathQuery[] {
  try {
    return step.map((query) => jsonpath.compile(query));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ParseError(`${JSON.stringify(text)} is no path: ${reason}`);
  }
}
