import { KrmError } from "@krm/core";

/** The way in which everything under a prefix is kept. Another one is another number. */
const FORMAT = 2;

/** What is kept under `formatKey`. */
export const FORMAT_RECORD: string = `krm-store ${FORMAT}`;

/**
 * Looks at what stands where the format is kept. Undefined: nothing was kept here yet.
 *
 * @throws KrmError `KRM_STORE_UNUSABLE` where another version of KRM, or something else, keeps its state here.
 */
export function checkFormat(found: string | undefined, prefix: string): void {
  if (found === undefined || found === FORMAT_RECORD) return;
  const other = /^krm-store (\d+)$/.exec(found)?.[1];
  throw new KrmError(
    "KRM_STORE_UNUSABLE",
    other === undefined
      ? `the keys under ${prefix}: belong to something else`
      : `the keys under ${prefix}: are of format ${other}; this version of KRM keeps format ${FORMAT}`,
    { hint: `Give this one a prefix of its own (?prefix=NAME in the URL), or run the version that wrote there.` },
  );
}
