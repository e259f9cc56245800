import { stringify } from "yaml";
import { sortMembers } from "./go-json.ts";

/** YAML as sigs.k8s.io/yaml writes it: members sorted, lists not indented, YAML 1.1's rules of quoting. */
export function goYaml(value: unknown): string {
  const text = stringify(sortMembers(value), {
    version: "1.1",
    schema: "yaml-1.1",
    lineWidth: 0,
    indentSeq: false,
    aliasDuplicateObjects: false,
  });
  // Go's writer knows that a lone dot, as managedFields have it, is no number.
  return text.replaceAll(/^( *(?:- )?)"\.":/gm, "$1.:");
}
