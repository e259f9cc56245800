import { type GroupVersionResource, KrmClientError } from "@krm/client";
import type { Session } from "../session/session.ts";
import { hiddenFor, untilVisible } from "../session/visible.ts";
import type { KubernetesObject } from "./kubernetes-object.ts";
import type { RowFollower } from "./row-set.ts";

/** How following goes. */
export type Following =
  | { readonly type: "connecting" }
  | { readonly type: "live" }
  /** It tries again by itself. */
  | { readonly type: "broken"; readonly message: string }
  /** The server refuses; nothing is tried again. */
  | { readonly type: "refused"; readonly code: number | undefined; readonly message: string };

/** What is followed. */
export interface Followed {
  /** `v1/pods`. */
  readonly resource: string;
  /** Undefined: all namespaces. */
  readonly namespace: string | undefined;
}

/** A page that nobody has seen for so long gives its watch back, and goes on from there when it is looked at. Milliseconds. */
const HIDDEN_MS = 60_000;

/** Follows a resource by one watch until the signal aborts, or the server refuses. `changed` is called for each event. */
export async function followObjects(
  session: Session,
  { resource, namespace }: Followed,
  {
    rows,
    signal,
    tell,
    changed,
  }: {
    readonly rows: RowFollower;
    readonly signal: AbortSignal;
    readonly tell: (following: Following) => void;
    readonly changed: () => void;
  },
): Promise<void> {
  for (;;) {
    tell({ type: "connecting" });
    await untilVisible(signal);
    const over = new AbortController();
    const hidden = hiddenFor(HIDDEN_MS, AbortSignal.any([signal, over.signal]));
    const client = session.client(() => tell({ type: "live" }));
    try {
      const events = client.watch<KubernetesObject>(resource as GroupVersionResource, {
        namespace,
        resourceVersion: rows.resourceVersion,
        signal: AbortSignal.any([signal, hidden]),
        onRetry: (error) => tell({ type: "broken", message: saidBy(error) }),
      });
      for await (const event of events) {
        rows.take(event);
        changed();
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!hidden.aborted) {
        const code = error instanceof KrmClientError ? error.status : undefined;
        tell({ type: "refused", code, message: saidBy(error) });
        return;
      }
    } finally {
      over.abort();
    }
  }
}

/** What the server itself said, without the address before it, which is this page's own. */
function saidBy(error: unknown): string {
  if (error instanceof KrmClientError && error.code === "KRM_CLIENT_CONNECTION") return "the server cannot be reached";
  if (error instanceof KrmClientError) return error.body?.message ?? error.message;
  return error instanceof Error ? error.message : String(error);
}
