import { invalidParameter } from "./invalid-parameter.ts";

const NAME = "scope";

/**
 * Whether a list is to hold what its reader may list, where that is not all.
 *
 * @throws StatusError 400 for another value.
 */
export function readAccessible(query: URLSearchParams): boolean {
  const value = query.get(NAME) ?? "";
  if (value === "" || value === "accessible") return value !== "";
  throw invalidParameter(NAME, `query parameter "${NAME}": ${JSON.stringify(value.slice(0, 64))} is not "accessible"`);
}

/** @throws StatusError 400 where a scope is given for what is no list of several namespaces. */
export function refuseScope(query: URLSearchParams, what: string): void {
  if ((query.get(NAME) ?? "") === "") return;
  throw invalidParameter(NAME, `query parameter "${NAME}": ${what}; leave it out`);
}
