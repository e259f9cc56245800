import { parseDocument } from "yaml";
import type { KubernetesObject } from "./kubernetes-object.ts";

/** Kubernetes reads YAML by the older rules: `on` is true there. */
export const YAML = { version: "1.1" } as const;

/** One manifest: its text, comments and all, and what it says. */
export interface ManifestDocument {
  readonly text: string;
  readonly object: KubernetesObject;
}

/**
 * Takes a stream of YAML apart. Documents without an object are left out.
 *
 * @throws Error for YAML that cannot be read, keys that stand twice among them.
 */
export function documents(stream: string): readonly ManifestDocument[] {
  return stream.split(/^---$/m).flatMap((part) => {
    const parsed = parseDocument(part, YAML);
    const [error] = [...parsed.errors, ...parsed.warnings];
    if (error !== undefined) throw new Error(`${error.message}\n${part}`);
    const object: unknown = parsed.toJS();
    return isObject(object) ? [{ text: part.trim(), object }] : [];
  });
}

/** What `objects` of a stream are, without their texts. */
export function objects(stream: string): readonly KubernetesObject[] {
  return documents(stream).map(({ object }) => object);
}

function isObject(value: unknown): value is KubernetesObject {
  return typeof value === "object" && value !== null && "kind" in value && "metadata" in value;
}
