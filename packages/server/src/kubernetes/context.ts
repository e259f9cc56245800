import type { ListContext } from "../routes/list.ts";
import type { KubernetesWatchHandler } from "./watch-handler.ts";

/** What the Kubernetes API is answered from. */
export interface KubernetesContext extends ListContext {
  /** Undefined: watches are refused, and discovery does not tell of them. */
  readonly watch?: KubernetesWatchHandler | undefined;
}
