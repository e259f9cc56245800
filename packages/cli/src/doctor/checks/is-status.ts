import { KrmError } from "@krm/core";

/** Whether an API server answered with this HTTP status. */
export function isStatus(error: unknown, code: number): boolean {
  return KrmError.is(error, "KRM_API_STATUS") && error.status?.code === code;
}
