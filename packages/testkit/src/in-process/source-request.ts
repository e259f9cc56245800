import type { ListRequest, Scope, WatchRequest } from "@krm/core";

/** What a request asks for, for those who script its failure, or which server answers it. */
export type SourceRequest =
  | { readonly verb: "list" | "listMetadata"; readonly scope: Scope; readonly request: ListRequest }
  | { readonly verb: "watch"; readonly scope: Scope; readonly request: WatchRequest }
  | { readonly verb: "get"; readonly scope: Scope; readonly key: SourceKey };

/** Which object a GET is for. */
export interface SourceKey {
  /** `""` for a cluster-scoped object. */
  readonly namespace: string;
  readonly name: string;
}
