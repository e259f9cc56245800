import { StatusError } from "@krm/apimachinery";
import {
  type ApiStatus,
  type CallOptions,
  decodeObject,
  KrmError,
  type ListPage,
  type ListRequest,
  type ListWatch,
  type ListWatchSource,
  parseResourceVersion,
  type Scope,
  type StoredObject,
  type WatchEvent,
  type WatchRequest,
} from "@krm/core";
import type { SimCluster } from "../cluster/sim-cluster.ts";
import type { ClusterEvent, SimObject } from "../cluster/sim-object.ts";
import { WatchPipe } from "./watch-pipe.ts";

/** What a request asks for, for those who script its failure. */
export type SourceRequest =
  | { readonly verb: "list"; readonly scope: Scope; readonly request: ListRequest }
  | { readonly verb: "watch"; readonly scope: Scope; readonly request: WatchRequest }
  | { readonly verb: "get"; readonly scope: Scope };

/** What the source may do to the truth. */
export interface ClusterSourceOptions {
  readonly cluster: SimCluster;
  /** Called before each request; what it throws or rejects with is the answer. */
  readonly beforeRequest?: ((request: SourceRequest) => void | Promise<void>) | undefined;
  /** What a watch of this scope tells of an event: nothing, the event, or it and others. Default: the event. */
  readonly tell?: ((event: ClusterEvent, scope: Scope) => readonly ClusterEvent[]) | undefined;
}

const encoder = new TextEncoder();

/**
 * A `ListWatchSource` on a simulated cluster without HTTP in between, for tests of what stands on one. Watches are
 * under the caller's hand: they go on until `endWatches`, a compaction does not end them, and no bookmark comes
 * unless `bookmark` sends it.
 *
 * @example
 * const source = new ClusterSource({ cluster, tell: (event) => (event.type === "DELETED" ? [] : [event]) });
 * await using monitor = new Monitor({ source, clock, resources: [PODS] }).start();
 */
export class ClusterSource implements ListWatchSource {
  readonly #options: ClusterSourceOptions;
  readonly #pipes = new Map<WatchPipe, Scope>();
  readonly #decoded = new WeakMap<SimObject, StoredObject>();
  /** Requests so far, by verb. */
  readonly requests = { list: 0, watch: 0, get: 0 };

  constructor(options: ClusterSourceOptions) {
    this.#options = options;
    options.cluster.subscribe((event) => this.#deliver(event));
  }

  get openWatches(): number {
    return this.#pipes.size;
  }

  /** Tells every open watch how far the cluster is. */
  bookmark(): void {
    const resourceVersion = parseResourceVersion(this.#options.cluster.version);
    for (const pipe of this.#pipes.keys()) pipe.put({ type: "BOOKMARK", resourceVersion, initialEventsEnd: false });
  }

  /** Sends an ERROR frame into every open watch and ends it. */
  failWatches(status: ApiStatus): void {
    for (const pipe of this.#pipes.keys()) {
      pipe.put({ type: "ERROR", status });
      pipe.end();
    }
  }

  /** Ends every open watch, in good order or by an error. */
  endWatches(error?: KrmError): void {
    for (const pipe of this.#pipes.keys()) pipe.end(error);
  }

  listWatch(scope: Scope): ListWatch {
    const list = (request: ListRequest, options?: CallOptions): Promise<ListPage> =>
      this.#list(scope, request, options);
    const watch = (request: WatchRequest, options?: CallOptions): Promise<AsyncIterable<readonly WatchEvent[]>> =>
      this.#watch(scope, request, options);
    const get = (
      key: { readonly namespace: string; readonly name: string },
      options?: CallOptions,
    ): Promise<StoredObject | undefined> => this.#get(scope, key, options);
    return { scope, list, watch, get };
  }

  async #list(scope: Scope, request: ListRequest, options?: CallOptions): Promise<ListPage> {
    this.requests.list++;
    await this.#scripted({ verb: "list", scope, request }, options);
    const [version, from] = request.continue === undefined ? [undefined, 0] : parseToken(request.continue);
    const { resourceVersion, items } = rethrow(() =>
      this.#options.cluster.list(scope.resource, { namespace: scope.namespace, at: version }),
    );
    const end = Math.min(items.length, from + (request.limit ?? items.length));
    const page = items.slice(from, end).map((object) => this.#decode(object));
    const bytes = page.reduce((sum, object) => sum + object.bytes.byteLength, 0);
    const rest = items.length - end;
    return {
      resourceVersion,
      items: page,
      continue: rest > 0 ? `${resourceVersion}:${end}` : undefined,
      remainingItemCount: rest > 0 ? rest : undefined,
      bytes,
    };
  }

  async #watch(
    scope: Scope,
    request: WatchRequest,
    options: CallOptions = {},
  ): Promise<AsyncIterable<readonly WatchEvent[]>> {
    this.requests.watch++;
    await this.#scripted({ verb: "watch", scope, request }, options);
    const signal = options.signal ?? new AbortController().signal;
    signal.throwIfAborted();
    const pipe: WatchPipe = new WatchPipe(signal, () => this.#pipes.delete(pipe));
    try {
      const missed = this.#options.cluster.eventsAfter(scope.resource, request.resourceVersion ?? "");
      for (const event of missed) this.#put(pipe, scope, event);
      this.#pipes.set(pipe, scope);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      // As a real server: HTTP 200, and the error inside.
      pipe.put({ type: "ERROR", status: apiStatus(error) });
      pipe.end();
    }
    return pipe;
  }

  async #get(
    scope: Scope,
    key: { readonly namespace: string; readonly name: string },
    options?: CallOptions,
  ): Promise<StoredObject | undefined> {
    this.requests.get++;
    await this.#scripted({ verb: "get", scope }, options);
    const object = this.#options.cluster.get(scope.resource, key.namespace, key.name);
    return object === undefined ? undefined : this.#decode(object);
  }

  /** What `beforeRequest` does; a request that it holds up can be aborted, as one to a server that does not answer. */
  async #scripted(request: SourceRequest, { signal }: CallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await Promise.race([this.#options.beforeRequest?.(request), aborted.promise]);
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  #deliver(event: ClusterEvent): void {
    for (const [pipe, scope] of this.#pipes) this.#put(pipe, scope, event);
  }

  #put(pipe: WatchPipe, scope: Scope, event: ClusterEvent): void {
    if (event.resource.resource !== scope.resource.resource || event.resource.group !== scope.resource.group) return;
    if (scope.namespace !== undefined && event.object.metadata.namespace !== scope.namespace) return;
    for (const { type, object } of this.#options.tell?.(event, scope) ?? [event])
      pipe.put({ type, object: this.#decode(object) });
  }

  #decode(object: SimObject): StoredObject {
    let decoded = this.#decoded.get(object);
    if (decoded === undefined) {
      decoded = decodeObject(encoder.encode(JSON.stringify(object)));
      this.#decoded.set(object, decoded);
    }
    return decoded;
  }
}

function parseToken(token: string): [version: string, from: number] {
  const [version = "", from = ""] = token.split(":");
  return [version, Number(from)];
}

function apiStatus({ status }: StatusError): ApiStatus {
  const { code, reason = "", message = "", details } = status;
  return { code, reason, message, retryAfterSeconds: details?.retryAfterSeconds };
}

function rethrow<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const status = apiStatus(error);
    throw new KrmError("KRM_API_STATUS", status.message, { status, cause: error });
  }
}
