import { parseDuration } from "@krm/protocol";
import { invalidParameter } from "./invalid-parameter.ts";

const NAME = "maxStaleness";

/**
 * How old a view may be, in milliseconds; undefined: any age.
 *
 * @throws StatusError 400 for what is no duration.
 */
export function readMaxStaleness(query: URLSearchParams): number | undefined {
  const value = query.get(NAME) ?? "";
  if (value === "") return undefined;
  try {
    return parseDuration(value);
  } catch (error) {
    if (error instanceof RangeError) throw invalidParameter(NAME, `query parameter "${NAME}": ${error.message}`);
    throw error;
  }
}
