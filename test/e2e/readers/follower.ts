import type { KrmClient, WatchEvent, WatchResetReason } from "@krm/client";
import { reasonOf } from "../../support/eventually.ts";
import { differingKeys } from "../../support/served-view.ts";

interface KubernetesObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion: string };
}

/**
 * Follows a resource with the client's watch, from one connection to the next, and holds what it is told, as an informer
 * does. What it is not told is found by nothing else, as long as it does not begin anew: {@link resets} has each time.
 */
export class Follower implements AsyncDisposable {
  readonly #objects = new Map<string, string>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  /** Why it was told all that there is: `start`, and what came after. */
  readonly resets: WatchResetReason[] = [];
  /** How often a connection failed, and another was opened. */
  retries = 0;
  /** What ended the watch, which nothing should. */
  readonly errors: string[] = [];

  constructor(client: KrmClient, resource: "pods") {
    this.#running = this.#run(client, resource);
  }

  /** The keys at which it does not show what this view does: key → bytes. Versions are compared. */
  differences(truth: ReadonlyMap<string, string>): readonly string[] {
    const versions = [...truth].map(([key, bytes]) => {
      const { metadata } = JSON.parse(bytes) as KubernetesObject;
      return [key, metadata.resourceVersion] as const;
    });
    return differingKeys(this.#objects, new Map(versions));
  }

  async #run(client: KrmClient, resource: "pods"): Promise<void> {
    const { signal } = this.#stop;
    const onRetry = (): void => void this.retries++;
    try {
      const events = client.watch<KubernetesObject>(resource, { as: "json", signal, onRetry });
      for await (const event of events) this.#take(event);
    } catch (error) {
      if (!signal.aborted) this.errors.push(reasonOf(error));
    }
  }

  #take(event: WatchEvent<KubernetesObject>): void {
    if (event.type === "reset") {
      this.resets.push(event.reason);
      this.#objects.clear();
    } else if (event.type === "deleted") this.#objects.delete(keyOf(event.object));
    else if (event.type === "added" || event.type === "modified")
      this.#objects.set(keyOf(event.object), event.resourceVersion);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

function keyOf({ metadata: { name, namespace } }: KubernetesObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
