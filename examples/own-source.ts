// A source of your own: whatever can be listed and watched can be monitored, and served to kubectl and to KRM's client.
// Here it is an inventory of machines in memory; a database, a cloud's API or a file would do as well.
//
//     node --conditions=krm-source examples/own-source.ts
//     kubectl --server http://127.0.0.1:8003 get machines
import { EventEmitter, on } from "node:events";
import {
  type ApiStatus,
  type CallOptions,
  compareResourceVersions,
  decodeObject,
  KrmError,
  type ListPage,
  type ListRequest,
  type ListWatch,
  type ListWatchSource,
  Monitor,
  objectKey,
  parseResourceVersion,
  type ResourceType,
  type ResourceVersion,
  type Scope,
  type StoredObject,
  type WatchEvent,
  type WatchRequest,
} from "@krm/core";
import { createServer } from "@krm/server";

const MACHINES: ResourceType = {
  group: "inventory.example.com",
  version: "v1",
  resource: "machines",
  kind: "Machine",
  listKind: "MachineList",
  singular: "machine",
  shortNames: [],
  namespaced: false,
  custom: true,
};

/** Events that a watch can begin before. */
const HISTORY = 1000;
/** A watch that says nothing for long is taken for broken. Milliseconds. */
const BOOKMARK_MS = 60_000;

interface Told {
  readonly version: ResourceVersion;
  readonly event: WatchEvent;
}

/** Machines, each change with a version of its own, and the newest changes for watches that begin at an older one. */
class Inventory implements ListWatchSource {
  readonly #machines = new Map<string, StoredObject>();
  readonly #changed = new EventEmitter().setMaxListeners(0);
  #history: readonly Told[] = [];
  #count = 1n;
  #version: ResourceVersion = parseResourceVersion("1");
  /** What came up to here is not told any more. */
  #forgotten = this.#version;

  constructor() {
    setInterval(() => {
      const bookmark = { type: "BOOKMARK", resourceVersion: this.#version, initialEventsEnd: false } as const;
      this.#changed.emit("told", bookmark);
    }, BOOKMARK_MS).unref();
  }

  /** Adds a machine, or changes it. */
  put(name: string, spec: object): void {
    const known = this.#machines.get(objectKey("", name));
    const { creationTimestamp = new Date().toISOString(), uid = crypto.randomUUID() } = known ?? {};
    const object = this.#next({ name, uid, creationTimestamp }, spec);
    this.#machines.set(object.key, object);
    this.#tell({ type: known === undefined ? "ADDED" : "MODIFIED", object });
  }

  /** Takes a machine away. Its last state is told, with the version of its end. */
  remove(name: string): void {
    const known = this.#machines.get(objectKey("", name));
    if (known === undefined) return;
    const { metadata, spec } = JSON.parse(Buffer.from(known.bytes).toString()) as { metadata: object; spec: object };
    this.#machines.delete(known.key);
    this.#tell({ type: "DELETED", object: this.#next(metadata, spec) });
  }

  listWatch(scope: Scope): ListWatch {
    return {
      scope,
      list: async (request) => this.#list(request),
      watch: async (request, options) => this.#watch(request, options),
      get: async ({ name }) => this.#machines.get(objectKey("", name)),
    };
  }

  #next(metadata: object, spec: object): StoredObject {
    this.#version = parseResourceVersion(String(++this.#count));
    const { group, kind, version } = MACHINES;
    const resourceVersion = this.#version;
    const json = { kind, apiVersion: `${group}/${version}`, metadata: { ...metadata, resourceVersion }, spec };
    return decodeObject(Buffer.from(JSON.stringify(json)));
  }

  #tell(event: WatchEvent): void {
    this.#history = [...this.#history, { version: this.#version, event }];
    if (this.#history.length > HISTORY) {
      this.#forgotten = this.#history[0]?.version ?? this.#forgotten;
      this.#history = this.#history.slice(1);
    }
    this.#changed.emit("told", event);
  }

  /** Any other version than that of now is forgotten, or has yet to come: said as the API server says it. */
  #list({ match, resourceVersion }: ListRequest): ListPage {
    if (resourceVersion !== undefined && resourceVersion !== "0") {
      const order = compareResourceVersions(parseResourceVersion(resourceVersion), this.#version);
      if (order > 0) throw refusal(504, "Timeout", "Too large resource version");
      if (match === "Exact" && order < 0) throw refusal(410, "Expired", "that version is forgotten");
    }
    const items = [...this.#machines.values()];
    const bytes = items.reduce((sum, item) => sum + item.bytes.length, 0);
    return { resourceVersion: this.#version, items, continue: undefined, remainingItemCount: undefined, bytes };
  }

  #watch(
    { initialEvents, resourceVersion: from, timeoutSeconds }: WatchRequest,
    { signal }: CallOptions = {},
  ): AsyncIterable<readonly WatchEvent[]> {
    if (initialEvents === true || from === undefined) throw refusal(422, "Invalid", "a watch begins at a version here");
    if (compareResourceVersions(from, this.#forgotten) < 0)
      throw refusal(410, "Expired", `what came up to ${this.#forgotten} is forgotten`);
    const ends = AbortSignal.timeout(timeoutSeconds * 1000);
    const stop = signal === undefined ? ends : AbortSignal.any([signal, ends]);
    // Listened to before the history is read: no change falls between the two.
    const changes = on(this.#changed, "told", { signal: stop }) as AsyncIterable<[WatchEvent]>;
    const before = this.#history.filter(({ version }) => compareResourceVersions(version, from) > 0);
    return told(
      before.map(({ event }) => event),
      changes,
      ends,
    );
  }
}

async function* told(
  before: readonly WatchEvent[],
  changes: AsyncIterable<[WatchEvent]>,
  ends: AbortSignal,
): AsyncGenerator<readonly WatchEvent[]> {
  yield before;
  try {
    for await (const events of changes) yield events;
  } catch (error) {
    // Its time is over: a good end.
    if (!ends.aborted) throw error;
  }
}

function refusal(code: number, reason: string, message: string): KrmError {
  const status: ApiStatus = { code, reason, message, retryAfterSeconds: undefined };
  return new KrmError("KRM_API_STATUS", message, { status });
}

const inventory = new Inventory();
inventory.put("rack-1", { cores: 64 });
inventory.put("rack-2", { cores: 32 });

await using monitor = new Monitor({ source: inventory, resources: [MACHINES] }).start();
await monitor.ready();
const port = Number(process.argv[2] ?? 8003);
await using server = await createServer({ store: monitor.store, listen: { host: "127.0.0.1", port } });
const { url } = await server.listen();
console.log(`${url}/machines`);

inventory.put("rack-2", { cores: 48 });
inventory.remove("rack-1");
inventory.put("rack-3", { cores: 96 });

const { promise, resolve } = Promise.withResolvers<void>();
process.once("SIGINT", resolve);
process.once("SIGTERM", resolve);
await promise;
