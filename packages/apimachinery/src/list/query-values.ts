import { badRequest } from "../status/status-errors.ts";
import { goQuote } from "../text/go-quote.ts";
import { int64Problem } from "../text/int64.ts";

/**
 * A boolean of a query string, as Kubernetes reads it: absent, `0` and `false` in any case are false, and everything
 * else is true, `nope` and the empty value included.
 */
export function queryFlag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== "0" && value.toLowerCase() !== "false";
}

/**
 * An integer of a query string; undefined where it is absent. Beyond 2^53 the nearest number: no option means anything
 * else by such a one.
 *
 * @throws StatusError 400 where Go's `strconv.ParseInt` fails, with its message.
 */
export function queryInteger(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  const problem = int64Problem(value);
  if (problem !== undefined) throw badRequest(`strconv.ParseInt: parsing ${goQuote(value)}: ${problem}`);
  return Number(value);
}
