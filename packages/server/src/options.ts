import { KrmError } from "@krm/core";

/**
 * Refuses options that do not exist: a misspelt one would silently do nothing.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT`
 */
export function refuseUnknownOptions(options: object, known: readonly string[], where: string): void {
  const unknown = Object.keys(options).filter((key) => !known.includes(key));
  if (unknown.length === 0) return;
  throw new KrmError("KRM_INVALID_ARGUMENT", `${where} has no option ${unknown.map((key) => `"${key}"`).join(", ")}`, {
    hint: `Known options: ${known.join(", ")}.`,
  });
}
