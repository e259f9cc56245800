import { stringify } from "yaml";

/** Writes a value for programs, with its line break. YAML as YAML 1.1 reads it too: timestamps and words such as `on` are quoted. */
export function structured(value: unknown, format: "json" | "yaml"): string {
  return format === "json"
    ? `${JSON.stringify(value, undefined, 4)}\n`
    : stringify(value, { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false });
}
