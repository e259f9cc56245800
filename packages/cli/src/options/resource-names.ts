import { UsageError } from "../errors/usage-error.ts";

/**
 * Refuses what no resource can be called, before anybody is asked for it.
 *
 * @throws UsageError that does not repeat what may hold a password.
 */
export function checkResourceNames(names: readonly string[]): void {
  for (const name of names) {
    if (/[:@]/.test(name))
      throw new UsageError("a URL stands where the name of a resource should", "Did you mean --store URL?");
    if (!/^[A-Za-z0-9][A-Za-z0-9./_-]*$/.test(name))
      throw new UsageError(
        `${JSON.stringify(name)} cannot be the name of a resource`,
        "Write it like pods, po, deployments.apps or apps/v1/deployments.",
      );
  }
}
