import type { Scope } from "@krm/core";
import type { CompressedObjects } from "../body/compressed-objects.ts";
import type { Forwarding } from "../forwarding/forwarding.ts";
import type { ListContext } from "../routes/list.ts";
import type { KubernetesWatchHandler } from "./watch-handler.ts";

/** What the Kubernetes API is answered from. */
export interface KubernetesContext extends ListContext {
  readonly compressed: CompressedObjects;
  /** Sees to it that a watch can go on from the version of a list that is read after this. */
  readonly follow: (scopes: readonly Scope[], signal: AbortSignal) => Promise<void>;
  readonly watch: KubernetesWatchHandler;
  /** Where reads of what is not watched are sent on. Undefined: nowhere. */
  readonly forwarding?: Forwarding | undefined;
}
