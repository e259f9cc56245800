import { checkFormat, readFormat } from "./format.ts";

/** What is kept in a place. */
export interface StoreInspection {
  /** In which format, and which version of KRM began it. Undefined: nothing is kept there yet. */
  readonly format: { readonly number: number; readonly version: string | undefined } | undefined;
}

/** @throws KrmError `KRM_STORE_UNUSABLE` for another format */
export function inspectionOf(note: string | undefined): StoreInspection {
  if (note === undefined) return { format: undefined };
  checkFormat(note);
  return { format: readFormat(note) };
}
