/** Orders resource versions, which are whole numbers of any length. Undefined: they have no order. */
export function compareVersions(a: string, b: string): number | undefined {
  if (!/^[1-9]\d*$/u.test(a) || !/^[1-9]\d*$/u.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
