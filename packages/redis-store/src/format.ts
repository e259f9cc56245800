import { readFileSync } from "node:fs";
import { checkFormatRecord, formatRecord, type StoreFormat } from "@krm/core";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

/** The family of formats. */
export const FORMAT_NAME = "krm-store";

/** The way in which everything under a prefix is kept. Another one is another number. */
const FORMAT: StoreFormat = { name: FORMAT_NAME, number: 2, version };

/** What is kept under `formatKey`. */
export const FORMAT_RECORD: string = formatRecord(FORMAT);

/**
 * Looks at what stands where the format is kept. Undefined: nothing was kept here yet.
 *
 * @throws KrmError `KRM_STORE_UNUSABLE` where another version of KRM, or something else, keeps its state here.
 */
export function checkFormat(found: string | undefined, prefix: string): void {
  if (found !== undefined) checkFormatRecord(found, FORMAT, `the keys under ${prefix}:`, "?prefix=NAME in the URL");
}
