/** `metadata` of a list. */
export interface ListMetadata {
  /** The version of the view: a watch can start from it. */
  readonly resourceVersion: string;
  /** Asks for the next page; absent on the last one. */
  readonly continue?: string;
  /** Items after this page; absent where a selector makes it unknown, and on the last page. */
  readonly remainingItemCount?: number;
}

/** What a flat list answers: a Kubernetes list. Items of built-in kinds come without `kind` and `apiVersion`, as from the API server. */
export interface ListBody<T = unknown> {
  /** `PodList`. */
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: ListMetadata;
  readonly items: readonly T[];
}
