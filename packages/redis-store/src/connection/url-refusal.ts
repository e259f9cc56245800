import { KrmError } from "@krm/core";

/** A URL that cannot be used. Neither text may hold anything of the URL that could be part of a password. */
export function refuse(problem: string, hint: string): KrmError {
  return new KrmError("KRM_INVALID_ARGUMENT", `the URL of the Redis server ${problem}`, { hint });
}

/** Percent-decoded. `what` names it in the refusal. */
export function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse(`has a % in ${what} that encodes nothing`, "write a % as %25");
  }
}
