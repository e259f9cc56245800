import { readFileSync } from "node:fs";
import { checkFormatRecord, formatRecord, readFormatRecord, type StoreFormat } from "@krm/core";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

const NAME = "krm-keyv";

/** The layout of the records. Another one is another number. */
const FORMAT: StoreFormat = { name: NAME, number: 1, version };

/** What an empty store is given as its format. */
export const FORMAT_RECORD: string = formatRecord(FORMAT);

/** @throws KrmError `KRM_STORE_UNUSABLE` where another version of KRM, or something else, has written. */
export function checkFormat(found: string): void {
  checkFormatRecord(found, FORMAT, "the records", "another file, database or namespace");
}

/** Reads a format that {@link checkFormat} lets pass. */
export function readFormat(found: string): ReturnType<typeof readFormatRecord> {
  return readFormatRecord(NAME, found);
}
