import { KrmError } from "../errors.ts";

/** Whether a store's failure stays, however often the same is tried: it is closed, lost, or can never be used. */
export function isFinal(error: unknown): boolean {
  return (
    KrmError.is(error, "KRM_STORE_CLOSED") ||
    KrmError.is(error, "KRM_STORE_CONFLICT") ||
    KrmError.is(error, "KRM_STORE_UNUSABLE")
  );
}
