import type { ObjectKey } from "@krm/core";

/*
 * The names of the records, within the store's namespace:
 *
 *     format   writer   doctor   scopes   view/<scope>   ledger/<scope>   object/<scope>/<key>   redo   redo/<sequence>/<part>
 *
 * <scope> is the scope's place in `scopes`. What comes after the second slash of an object's name is its key, slashes
 * and all, so that no two names can be the same.
 */

/** Which layout the records have. */
export const FORMAT = "format";
/** Who writes here. */
export const WRITER = "writer";
/** Put there and taken away by who looks whether the store takes writes. */
export const PROBE = "doctor";
/** The scopes, in the order in which they came. */
export const SCOPES = "scopes";
/** What must be done again if it was not finished. */
export const REDO = "redo";

/** The view's meta of a scope. */
export function viewKey(scope: number): string {
  return `view/${scope}`;
}

/** What verification found in a scope. */
export function ledgerKey(scope: number): string {
  return `ledger/${scope}`;
}

/** One object of a scope. */
export function objectRecordKey(scope: number, key: ObjectKey): string {
  return `object/${scope}/${escape(key)}`;
}

/** A part of a redo record that is too long for one. */
export function redoPartKey(sequence: number, part: number): string {
  return `redo/${sequence}/${part}`;
}

/** What a record holds, by its name. */
export type RecordName =
  | { readonly type: "view"; readonly scope: number }
  | { readonly type: "ledger"; readonly scope: number }
  | { readonly type: "object"; readonly scope: number; readonly key: ObjectKey }
  | { readonly type: "format" | "redo-part" | "other" };

/** Reads a name that one of the functions above made. */
export function parseRecordKey(name: string): RecordName {
  const slash = name.indexOf("/");
  if (slash < 0) return { type: name === FORMAT ? "format" : "other" };
  const kind = name.slice(0, slash);
  if (kind === "redo") return { type: "redo-part" };
  if (kind === "view" || kind === "ledger") return { type: kind, scope: Number(name.slice(slash + 1)) };
  if (kind !== "object") return { type: "other" };
  const end = name.indexOf("/", slash + 1);
  return { type: "object", scope: Number(name.slice(slash + 1, end)), key: unescape(name.slice(end + 1)) as ObjectKey };
}

/**
 * Spelt in what every backend keeps apart: some ignore case, accents or trailing blanks in a key, cannot hold some
 * characters, or give `:` a meaning. What is not in the class below becomes `%` and four hexadecimal digits.
 */
function escape(text: string): string {
  return text.replaceAll(/[^a-z0-9./_-]/g, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function unescape(text: string): string {
  return text.replaceAll(/%([0-9a-f]{4})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
