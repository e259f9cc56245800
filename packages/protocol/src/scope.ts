import { type HeaderSource, headerIn } from "./header-source.ts";
import { HEADERS } from "./headers.ts";

/** How much of what was asked for a list holds, of a reader's rights. */
export type ListScope =
  /** Nothing is left out. */
  | { readonly type: "all" }
  /** What lies in those namespaces in which the reader may list. */
  | {
      readonly type: "accessible";
      /** How many those are that hold something. */
      readonly namespaces: number;
    };

/** Writes the headers that tell a scope. */
export function formatScope(scope: ListScope): Record<string, string> {
  if (scope.type === "all") return { [HEADERS.scope]: "all" };
  return { [HEADERS.scope]: "accessible", [HEADERS.scopeNamespaces]: String(scope.namespaces) };
}

/** Reads them. Undefined: the list was not asked for with a scope, or this version does not know the word. */
export function parseScope(headers: HeaderSource): ListScope | undefined {
  const type = headerIn(headers, HEADERS.scope);
  if (type === "all") return { type };
  const namespaces = headerIn(headers, HEADERS.scopeNamespaces) ?? "";
  return type === "accessible" && /^\d{1,9}$/u.test(namespaces) ? { type, namespaces: Number(namespaces) } : undefined;
}
