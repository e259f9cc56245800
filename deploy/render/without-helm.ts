import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import type { KubernetesObject } from "./kubernetes-object.ts";
import { type ManifestDocument, YAML } from "./documents.ts";

/** Labels that say that Helm looks after an object. */
const HELMS_LABELS = ["app.kubernetes.io/managed-by", "helm.sh/chart"];

/**
 * A manifest as it is without Helm: without its labels, the line that says which template it came from, and the blank
 * lines that templates leave.
 */
export function withoutHelm({ text, object }: ManifestDocument): ManifestDocument {
  const lines = text
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("# Source: "))
    .filter((line) => !HELMS_LABELS.some((label) => line.trimStart().startsWith(`${label}: `)));
  const plain = withoutLabels(object) as KubernetesObject;
  const made = lines.join("\n");
  // A blank line in a text would be a part of it.
  if (!isDeepStrictEqual(parse(made, YAML), plain)) throw new Error(`a line of this manifest is missed:\n${text}`);
  return { text: made, object: plain };
}

/** Without Helm's labels, at any depth: pods have them too. */
function withoutLabels(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutLabels);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !HELMS_LABELS.includes(key));
  return Object.fromEntries(entries.map(([key, below]) => [key, withoutLabels(below)]));
}
