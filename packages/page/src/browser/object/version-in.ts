/** The version of an object, out of its YAML as a server writes it; empty: it has none. What else is called so does not count. */
export function versionIn(yaml: string): string {
  return /^metadata:\n(?: .*\n|\n)*? {2}resourceVersion: "?(\d+)"?$/mu.exec(yaml)?.[1] ?? "";
}
