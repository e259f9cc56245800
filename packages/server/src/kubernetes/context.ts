import type { CompressedObjects } from "../body/compressed-objects.ts";
import type { Forwarding } from "../forwarding/forwarding.ts";
import type { ListContext } from "../routes/list.ts";
import type { Scopes, Watched } from "../view/catalog.ts";
import type { KubernetesWatchHandler } from "./watch-handler.ts";

/** What the Kubernetes API is answered from. */
export interface KubernetesContext extends ListContext {
  readonly compressed: CompressedObjects;
  /** Sees to it that a watch can go on from the version of a list that is read after this. */
  readonly follow: (scopes: Scopes, signal: AbortSignal) => Promise<void>;
  /** Sees to it that a watch can go on from a list of what is watched in several scopes, as far as that was not yet so. */
  readonly followUnions: (watched: readonly Watched[]) => void;
  readonly watch: KubernetesWatchHandler;
  /** Where reads of what is not watched are sent on. Undefined: nowhere. */
  readonly forwarding?: Forwarding | undefined;
}
