import { notFoundPath, parseListOptions, StatusError } from "@krm/apimachinery";
import {
  type ApiStatus,
  type CallOptions,
  type Clock,
  compareResourceVersions,
  type KrmError,
  type ListPage,
  type ListRequest,
  type ListWatch,
  type ListWatchSource,
  type MetadataPage,
  parseResourceVersion,
  type ResourceVersion,
  type Scope,
  type StoredObject,
  type WatchEvent,
  type WatchRequest,
} from "@krm/core";
import { type ListPage as ServedPage, listPage } from "../api-server/list.ts";
import type { ClusterEvent } from "../cluster/sim-object.ts";
import { swayLeft } from "../faults/sway.ts";
import { SeededRandom } from "../random/seeded-random.ts";
import type { ClusterReader } from "../watch-cache/cluster-reader.ts";
import { apiStatus, asPortError } from "./api-errors.ts";
import type { ClusterSourceOptions } from "./cluster-source-options.ts";
import { DecodedObjects } from "./decoded-objects.ts";
import { type InitialState, initialState } from "./initial-events.ts";
import { ServerChoice } from "./server-choice.ts";
import type { SourceKey, SourceRequest } from "./source-request.ts";
import { WatchPipe } from "./watch-pipe.ts";

/** One open watch. */
interface OpenWatch {
  readonly scope: Scope;
  readonly reader: ClusterReader;
  /** Only what is newer is told. */
  readonly from: string;
}

/**
 * A `ListWatchSource` on a simulated cluster without HTTP in between, for tests of what stands on one. Watches are
 * under the caller's hand: they go on until `endWatches`, a compaction does not end them, and no bookmark comes
 * unless `bookmark` sends it. A version that has yet to come is refused at once, where a real server waits 3 s.
 *
 * @example
 * const source = new ClusterSource({ cluster, tell: (event) => (event.type === "DELETED" ? [] : [event]) });
 * await using monitor = new Monitor({ source, clock, resources: [PODS] }).start();
 */
export class ClusterSource implements ListWatchSource {
  readonly #options: ClusterSourceOptions;
  readonly #servers: ServerChoice;
  readonly #random: SeededRandom;
  readonly #impatient: Clock;
  readonly #pipes = new Map<WatchPipe, OpenWatch>();
  readonly #objects: DecodedObjects;
  /** Requests so far, by verb; `served` counts those to discovery. */
  readonly requests = { list: 0, listMetadata: 0, watch: 0, get: 0, served: 0 };

  constructor(options: ClusterSourceOptions) {
    const { cache, cluster, replicas = [cache ?? cluster], route, seed = 1 } = options;
    this.#options = options;
    this.#objects = new DecodedObjects(options.drop);
    this.#servers = new ServerChoice(replicas, route, seed);
    this.#random = new SeededRandom(`${seed}/initial-events`);
    this.#impatient = {
      now: () => cluster.clock.now(),
      monotonic: () => cluster.clock.monotonic(),
      sleep: async () => {},
    };
    for (const reader of new Set(replicas)) reader.subscribe((event) => this.#deliver(reader, event));
  }

  get openWatches(): number {
    return this.#pipes.size;
  }

  /** Tells every open watch how far its server is. */
  bookmark(): void {
    for (const [pipe, { from, reader }] of this.#pipes) {
      if (isOlder(reader.version, from)) continue;
      const resourceVersion = parseResourceVersion(reader.version);
      pipe.putLater(
        { type: "BOOKMARK", resourceVersion, initialEventsEnd: false },
        this.#options.cluster.clock.monotonic(),
      );
    }
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
    const { metadataLists = "ok", clockOffset } = this.#options;
    return {
      scope,
      list: (request, options) => this.#list(scope, request, options),
      ...(metadataLists === "absent"
        ? {}
        : {
            listMetadata: (request: ListRequest, options?: CallOptions) => this.#listMetadata(scope, request, options),
          }),
      served: (options) => this.#served(scope, options),
      watch: (request, options) => this.#watch(scope, request, options),
      get: (key, options) => this.#get(scope, key, options),
      ...(clockOffset && { clockOffset }),
    };
  }

  async #list(scope: Scope, request: ListRequest, options?: CallOptions): Promise<ListPage> {
    this.requests.list++;
    return this.#objects.page(await this.#page({ verb: "list", scope, request }, options));
  }

  async #listMetadata(scope: Scope, request: ListRequest, options?: CallOptions): Promise<MetadataPage> {
    this.requests.listMetadata++;
    const page = await this.#page({ verb: "listMetadata", scope, request }, options);
    return this.#objects.metadataPage(page, this.#options.metadataLists === "whole");
  }

  async #page(
    asked: Extract<SourceRequest, { readonly verb: "list" | "listMetadata" }>,
    options: CallOptions = {},
  ): Promise<ServedPage> {
    await this.#scripted(asked, options);
    const { request, scope } = asked;
    const resource = this.#options.cluster.find(scope.resource.group, scope.resource.version, scope.resource.resource);
    const signal = options.signal ?? new AbortController().signal;
    try {
      if (resource === undefined) throw notFoundPath();
      const reader = this.#servers.of(asked);
      const query = parseListOptions(queryOf(request), "list");
      return await listPage(reader, this.#impatient, resource, scope.namespace ?? "", query, signal);
    } catch (error) {
      throw asPortError(error);
    }
  }

  async #served(scope: Scope, options?: CallOptions): Promise<boolean> {
    this.requests.served++;
    const answer = await held(Promise.resolve(this.#options.served?.(scope)), options);
    return answer ?? true;
  }

  async #watch(
    scope: Scope,
    request: WatchRequest,
    options: CallOptions = {},
  ): Promise<AsyncIterable<readonly WatchEvent[]>> {
    this.requests.watch++;
    const asked: SourceRequest = { verb: "watch", scope, request };
    await this.#scripted(asked, options);
    const signal = options.signal ?? new AbortController().signal;
    signal.throwIfAborted();
    const reader = this.#servers.of(asked);
    const initial = request.initialEvents === true ? this.#initial(reader, scope, request) : undefined;
    const pipe: WatchPipe = new WatchPipe(this.#options.cluster.clock, signal, () => this.#pipes.delete(pipe));
    const watch: OpenWatch = { scope, reader, from: initial?.resourceVersion ?? request.resourceVersion ?? "" };
    if (initial !== undefined && !this.#begin(pipe, initial)) return pipe;
    try {
      for (const event of reader.eventsAfter(scope.resource, watch.from)) this.#put(pipe, watch, event);
      this.#pipes.set(pipe, watch);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      // As a real server: HTTP 200, and the error inside.
      pipe.put({ type: "ERROR", status: apiStatus(error) });
      pipe.end();
    }
    return pipe;
  }

  #initial(reader: ClusterReader, scope: Scope, request: WatchRequest): InitialState {
    const { initialEvents = this.#options.streamingLists === true ? "ok" : "refused" } = this.#options;
    const mode = typeof initialEvents === "function" ? initialEvents(scope) : initialEvents;
    try {
      return initialState(reader, scope, request, mode, this.#random);
    } catch (error) {
      throw asPortError(error);
    }
  }

  /** Puts the initial events into a watch; false: that was all. */
  #begin(pipe: WatchPipe, { objects, resourceVersion, after }: InitialState): boolean {
    for (const object of objects) pipe.put({ type: "ADDED", object: this.#objects.decode(object) });
    if (after === "marker") {
      const version = parseResourceVersion(resourceVersion);
      pipe.put({ type: "BOOKMARK", resourceVersion: version, initialEventsEnd: true });
    }
    if (after === "marker" || after === "nothing") return true;
    if (after !== "end") pipe.put({ type: "ERROR", status: apiStatus(after) });
    pipe.end();
    return false;
  }

  async #get(scope: Scope, key: SourceKey, options?: CallOptions): Promise<StoredObject | undefined> {
    this.requests.get++;
    await this.#scripted({ verb: "get", scope, key }, options);
    const object = this.#options.cluster.get(scope.resource, key.namespace, key.name);
    return object === undefined ? undefined : this.#objects.decode(object);
  }

  /** What `beforeRequest` does; a request that it holds up can be aborted, as one to a server that does not answer. */
  async #scripted(request: SourceRequest, options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    await held(this.#options.beforeRequest?.(request), options);
  }

  #deliver(reader: ClusterReader, event: ClusterEvent): void {
    for (const [pipe, watch] of this.#pipes) if (watch.reader === reader) this.#put(pipe, watch, event);
  }

  #put(pipe: WatchPipe, { from, scope }: OpenWatch, event: ClusterEvent): void {
    if (event.resource.resource !== scope.resource.resource || event.resource.group !== scope.resource.group) return;
    if (scope.namespace !== undefined && event.object.metadata.namespace !== scope.namespace) return;
    if (!isOlder(from, event.resourceVersion)) return;
    const { clock } = this.#options.cluster;
    for (const told of this.#options.tell?.(event, scope) ?? [event]) {
      const due = clock.monotonic() + swayLeft(this.#options.sway, told, clock.truth.now());
      pipe.putLater({ type: told.type, object: this.#objects.decode(told.object) }, due);
    }
  }
}

/** What is waited for, unless the request is aborted before. */
async function held<T>(answer: T | Promise<T>, { signal }: CallOptions = {}): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([answer, aborted.promise]);
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

/** The request as its query would be. */
function queryOf({ continue: token, limit, match, resourceVersion }: ListRequest): URLSearchParams {
  const query = new URLSearchParams();
  if (limit !== undefined) query.set("limit", String(limit));
  if (token !== undefined) query.set("continue", token);
  if (resourceVersion !== undefined) query.set("resourceVersion", resourceVersion);
  if (match !== undefined) query.set("resourceVersionMatch", match);
  return query;
}

function isOlder(a: string, b: string): boolean {
  return compareResourceVersions(a as ResourceVersion, b as ResourceVersion) < 0;
}
