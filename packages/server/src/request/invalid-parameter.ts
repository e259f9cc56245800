import { StatusError } from "@krm/apimachinery";
import { causedError } from "../answer/caused-error.ts";

/** 400 for a value that cannot be; `details.causes[].field` names the parameter. */
export function invalidParameter(field: string, message: string): StatusError {
  return causedError("InvalidParameter", { code: 400, message, field });
}

/** Parameters whose values stand for themselves, so that each can be found to be at fault alone. */
const SINGLE = ["labelSelector", "fieldSelector", "limit", "continue", "resourceVersion"] as const;

/** The API server says of these what is wrong, but not where. */
const UNNAMED: readonly string[] = ["limit"];

/**
 * Reads a query by `read`, and where that refuses it, names the parameter that is at fault: in the details, and in the
 * message too where the API server's own would leave people guessing.
 *
 * @throws StatusError
 */
export function namingParameters<T>(query: URLSearchParams, read: (query: URLSearchParams) => T): T {
  try {
    return read(query);
  } catch (error) {
    if (!(error instanceof StatusError) || error.status.code !== 400) throw error;
    const { message = "" } = error.status;
    const culprit = SINGLE.find((name) => refuses(name, query, read));
    if (culprit === undefined) throw error;
    throw invalidParameter(culprit, UNNAMED.includes(culprit) ? `query parameter "${culprit}": ${message}` : message);
  }
}

function refuses(name: string, query: URLSearchParams, read: (query: URLSearchParams) => unknown): boolean {
  const value = query.get(name);
  if (value === null) return false;
  try {
    read(new URLSearchParams([[name, value]]));
    return false;
  } catch {
    return true;
  }
}
