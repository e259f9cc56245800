const WELL_FORMED = /^[1-9][0-9]*$/;

/** Whether it can be ordered: a positive decimal number, of any length. */
export function isOrdered(version: string): boolean {
  return WELL_FORMED.test(version);
}

/**
 * Orders two resourceVersions: by length, then as text (KEP-5504), never as numbers. Undefined: they differ, and one of
 * them cannot be ordered.
 */
export function compareVersions(a: string, b: string): number | undefined {
  if (a === b) return 0;
  if (!isOrdered(a) || !isOrdered(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}
