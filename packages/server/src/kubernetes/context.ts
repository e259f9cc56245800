import type { Scope } from "@krm/core";
import type { ListContext } from "../routes/list.ts";
import type { KubernetesWatchHandler } from "./watch-handler.ts";

/** What the Kubernetes API is answered from. */
export interface KubernetesContext extends ListContext {
  /** Sees to it that a watch can go on from the version of a list that is read after this. */
  readonly follow: (scopes: readonly Scope[], signal: AbortSignal) => Promise<void>;
  readonly watch: KubernetesWatchHandler;
}
