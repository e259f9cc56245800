import { KrmError } from "../errors.ts";

/** What a store notes beside its data: in which form it is kept, and which KRM began it. */
export interface StoreFormat {
  /** The family of formats: `krm-store`. */
  readonly name: string;
  /** Counts up whenever an older KRM could not read, or would damage, what a newer one keeps. */
  readonly number: number;
  /** The version of KRM that writes. */
  readonly version: string;
}

/** Writes the note: `krm-store 2 (krm 1.4.0)`. */
export function formatRecord({ name, number, version }: StoreFormat): string {
  return `${name} ${number} (krm ${version})`;
}

/** Reads a note of the same family; without a version where none was noted. Undefined: it is of something else. */
export function readFormatRecord(
  name: string,
  text: string,
): { readonly number: number; readonly version: string | undefined } | undefined {
  const [, family, digits, version] = /^(\S+?)[ -](\d{1,9})(?: \(krm (\S{1,64})\))?$/.exec(text) ?? [];
  return family === name && digits !== undefined ? { number: Number(digits), version } : undefined;
}

/**
 * Refuses what another KRM, or something else, keeps in a place: data of a newer format is named with the version of KRM
 * that can read it.
 *
 * @param found The note that stands there.
 * @param place What holds it, as a subject in the plural: `the keys under krm:`.
 * @param ownPlace How this KRM gets another place: `?prefix=NAME`.
 * @throws KrmError `KRM_STORE_UNUSABLE`
 */
export function checkFormatRecord(found: string, own: StoreFormat, place: string, ownPlace: string): void {
  const there = readFormatRecord(own.name, found);
  if (there?.number === own.number) return;
  const fresh = `give this one a place of its own (${ownPlace}), which it fills from the cluster`;
  if (there === undefined) {
    throw new KrmError("KRM_STORE_UNUSABLE", `${place} belong to something else`, { hint: capital(fresh) });
  }
  const by = there.version === undefined ? "" : `, written by KRM ${there.version}`;
  const newer = there.number > own.number;
  const which = there.version === undefined ? "the version of KRM that wrote them" : `KRM ${there.version}`;
  const use = newer && there.version !== undefined ? `${which} or newer` : which;
  throw new KrmError(
    "KRM_STORE_UNUSABLE",
    `${place} are of ${newer ? "the newer" : "the older"} format ${there.number}${by}; this is KRM ${own.version}, which keeps format ${own.number}`,
    { hint: `Run ${use}, or ${fresh}.` },
  );
}

function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
