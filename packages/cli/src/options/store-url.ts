import { ParseError } from "./parse-error.ts";

/** Where state is kept. */
export interface StoreChoice {
  readonly type: "memory";
}

/**
 * Reads the URL of a store.
 *
 * @throws ParseError that lists what is supported.
 */
export function parseStoreUrl(text: string): StoreChoice {
  if (text === "memory:") return { type: "memory" };
  // What stands before the colon alone: a URL can hold a password.
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1];
  throw new ParseError(
    `${JSON.stringify(scheme === undefined ? text : `${scheme}:`)} is not a store that is supported: write memory: (this process's memory)`,
  );
}
