/** What a flat list can be asked for. Undefined and empty mean: not asked. */
export interface ListQuery {
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  /** Pods only: those bound to this node (`spec.nodeName`). */
  readonly node?: string | undefined;
  /** Those that this object owns: its uid, as `metadata.ownerReferences` names it. */
  readonly owner?: string | undefined;
  /** Kubernetes' label selector: `app=web,tier in (a,b),!canary`. */
  readonly labelSelector?: string | undefined;
  /** Kubernetes' field selector, with the fields that the API server supports for the resource. */
  readonly fieldSelector?: string | undefined;
  /** Items per page, at most. Without it the answer holds them all. */
  readonly limit?: number | undefined;
  /** `metadata.continue` of the page before (`metadata._continue` in client-node's typed lists). */
  readonly continue?: string | undefined;
  /**
   * Of all namespaces, those in which the reader may list, where they may not list everywhere. The answer says which of
   * the two it is: `parseScope`.
   */
  readonly scope?: "accessible" | undefined;
  /** A duration, {@link parseDuration}. An answer that cannot be proved to be this young is a 504. */
  readonly maxStaleness?: string | undefined;
  /** An answer not older than this version, unless `resourceVersionMatch` says otherwise. */
  readonly resourceVersion?: string | undefined;
  /** Undefined with a `resourceVersion`: as `NotOlderThan`. */
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan" | undefined;
}

/** Every query parameter of a flat list, as it is written in the URL. Any other is a 400 that names it. */
export const LIST_PARAMETERS = [
  "name",
  "namespace",
  "node",
  "owner",
  "label_selector",
  "labelSelector",
  "fieldSelector",
  "limit",
  "continue",
  "scope",
  "maxStaleness",
  "resourceVersion",
  "resourceVersionMatch",
] as const;

/** One of {@link LIST_PARAMETERS}. `label_selector` is the original's spelling of `labelSelector`. */
export type ListParameter = (typeof LIST_PARAMETERS)[number];

/** The longest query string that a server reads, in characters after the `?`. */
export const MAX_QUERY_LENGTH = 8192;

/** Writes a query as URL parameters, in the order of {@link LIST_PARAMETERS}. */
export function formatListQuery(query: ListQuery): URLSearchParams {
  const params = new URLSearchParams();
  for (const name of LIST_PARAMETERS) {
    const value = name === "label_selector" ? undefined : query[name];
    if (value !== undefined && value !== "") params.set(name, String(value));
  }
  return params;
}
