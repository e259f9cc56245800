import type { ListBody } from "@krm/protocol";
import type { KrmClient } from "./client.ts";
import type { AsBytes, AsJson } from "./forms.ts";
import type { Fresh, FreshBytes, FreshObject } from "./fresh.ts";
import type { Mirror } from "./mirror/mirror.ts";
import type { MirrorOptions } from "./mirror/mirror-options.ts";
import type { GetOptions, ListOptions } from "./list-options.ts";
import { type GroupVersionResource, resourceParts } from "./resource-name.ts";
import type { WatchEvent } from "./watch/watch-event.ts";
import type { WatchOptions } from "./watch/watch-options.ts";

/** The calls of a client for one resource in one version, as {@link KrmClient.resource} makes them. `T`: an object as JSON. */
export class ResourceHandle<T> {
  /** `group/version/plural`, or `v1/plural`. */
  readonly resource: GroupVersionResource;
  readonly #client: Pick<KrmClient, "list" | "get" | "watch" | "mirror">;

  /** @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT` */
  constructor(client: Pick<KrmClient, "list" | "get" | "watch" | "mirror">, resource: GroupVersionResource) {
    resourceParts(resource);
    this.resource = resource;
    this.#client = client;
  }

  /** As {@link KrmClient.list}. */
  list(options?: ListOptions & Partial<AsJson>): Promise<Fresh<ListBody<T>>>;
  list(options: ListOptions & AsBytes): Promise<FreshBytes>;
  async list({ as, ...options }: ListOptions & Partial<AsJson | AsBytes> = {}): Promise<unknown> {
    return as === "bytes"
      ? this.#client.list(this.resource, { ...options, as })
      : this.#client.list<T>(this.resource, { ...options, as });
  }

  /** As {@link KrmClient.get}. */
  get(options: GetOptions & Partial<AsJson>): Promise<FreshObject<T>>;
  get(options: GetOptions & AsBytes): Promise<FreshBytes>;
  async get({ as, ...options }: GetOptions & Partial<AsJson | AsBytes>): Promise<unknown> {
    return as === "bytes"
      ? this.#client.get(this.resource, { ...options, as })
      : this.#client.get<T>(this.resource, { ...options, as });
  }

  /** As {@link KrmClient.watch}. */
  watch(options: WatchOptions & Partial<AsJson> = {}): AsyncIterable<WatchEvent<T>> {
    return this.#client.watch<T>(this.resource, options);
  }

  /** As {@link KrmClient.mirror}. */
  mirror(options: MirrorOptions & Partial<AsJson> = {}): Mirror<T> {
    return this.#client.mirror<T>(this.resource, options);
  }
}
