import { expired, notFound, notFoundPath, tooLargeResourceVersion } from "@krm/apimachinery";
import {
  compareResourceVersions,
  parseResourceVersion,
  type ResourceType,
  type ResourceVersion,
  resourceId,
  systemClock,
} from "@krm/core";
import { SeededRandom } from "../random/seeded-random.ts";
import { Collection, keyOf } from "./collection.ts";
import { deletionStep } from "./deletion.ts";
import { freezeJson } from "./json-value.ts";
import { boundPod } from "./kinds/pod-binding.ts";
import { OffsetClock } from "./offset-clock.ts";
import { changedObject, checkPreconditions, newObject, withMetadata } from "./object-writer.ts";
import { NAMESPACES, SIM_RESOURCES, type SimResource } from "./sim-resource.ts";
import { applyPatch } from "./patch.ts";
import type { ClusterEvent, JsonObject, SimObject } from "./sim-object.ts";
import type { SimClusterOptions, SimDeleteOptions, SimWriteOptions } from "./sim-options.ts";
import { timestamp } from "./timestamp.ts";

export type { SimWriteOptions } from "./sim-options.ts";

type Resource = Pick<ResourceType, "group" | "version" | "resource">;

const DEFAULT_MANAGER = "simulator";
const SYSTEM_NAMESPACES = ["default", "kube-node-lease", "kube-public", "kube-system"];

/**
 * A cluster without machines: the objects of an API server with their whole history, in memory.
 *
 * What it does to objects is what kube-apiserver v1.36 does: defaults, uids, generations, managedFields, conflicts,
 * finalizers, graceful deletion of pods. Versions count every write to any resource, as etcd's do. It runs no
 * controllers, checks no schemas and no rights. Everything is synchronous; a method that throws wrote nothing.
 *
 * All methods throw `StatusError` where the API server would answer with an error.
 *
 * @example
 * const cluster = new SimCluster({ clock: new ManualClock() });
 * cluster.create(PODS, { metadata: { name: "a" }, spec: { containers: [{ name: "c", image: "c:1" }] } });
 * cluster.list(PODS, { namespace: "default" }).items;
 */
export class SimCluster {
  /** The cluster's own, which can be off. */
  readonly clock: OffsetClock;
  /** In the order in which they were given. */
  readonly resources: readonly SimResource[];
  readonly #collections: ReadonlyMap<string, Collection>;
  readonly #random: SeededRandom;
  readonly #listeners = new Set<(event: ClusterEvent) => void>();
  readonly #restoreListeners = new Set<(version: string) => void>();
  readonly #undelivered: ClusterEvent[] = [];
  #delivering = false;
  #version: bigint;
  #compacted: bigint;
  #addresses = 0;

  constructor(options: SimClusterOptions = {}) {
    this.clock = new OffsetClock(options.clock ?? systemClock, options.clockOffsetMs ?? 0);
    this.resources = options.resources ?? SIM_RESOURCES;
    this.#collections = new Map(this.resources.map((resource) => [resourceId(resource), new Collection(resource)]));
    this.#random = new SeededRandom(options.seed ?? 1);
    this.#version = BigInt(parseResourceVersion(options.firstVersion ?? "1")) - 1n;
    this.#compacted = this.#version;
    if (this.#collections.has(resourceId(NAMESPACES))) {
      for (const name of SYSTEM_NAMESPACES) this.create(NAMESPACES, { metadata: { name } });
    }
  }

  /** The newest version: of the last write, whatever it was about. */
  get version(): string {
    return String(this.#version);
  }

  /** History up to and including this version is gone: a watch can start here, but nothing below it can be read. */
  get compacted(): string {
    return String(this.#compacted);
  }

  /** How many events are kept: what `compact` makes fewer. */
  get eventCount(): number {
    let count = 0;
    for (const collection of this.#collections.values()) count += collection.eventCount;
    return count;
  }

  /** A resource that is served. */
  find(group: string, version: string, resource: string): SimResource | undefined {
    return this.#collections.get(resourceId({ group, version, resource }))?.resource;
  }

  /** Creates an object. `options.namespace` is the one of the request's path. */
  create(
    resource: Resource,
    object: JsonObject | SimObject,
    options: Omit<SimWriteOptions, "subresource"> & { readonly namespace?: string | undefined } = {},
  ): SimObject {
    const collection = this.#collection(resource);
    const created = newObject(collection.resource, object, this.#writer(options), {
      random: this.#random,
      namespace: options.namespace,
      exists: (namespace, name) => collection.get(keyFor(namespace, name)) !== undefined,
      ...this.#context,
    });
    const { namespace } = created.metadata;
    const namespaces = this.#collections.get(resourceId(NAMESPACES));
    if (namespace !== undefined && namespaces !== undefined && namespaces.get(namespace) === undefined) {
      throw notFound(NAMESPACES, namespace);
    }
    return this.#commit(collection, "ADDED", created, undefined);
  }

  /** Replaces an object, or its status. Nothing is written, and no version spent, where nothing changes. */
  update(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    object: JsonObject | SimObject,
    options: SimWriteOptions = {},
  ): SimObject {
    const collection = this.#collection(resource);
    const current = this.#existing(collection, namespace, name);
    const next = changedObject(collection.resource, current, object, this.#writer(options));
    if (next === current) return current;
    const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = next.metadata;
    const wasLast = deletionTimestamp !== undefined && finalizers.length === 0 && deletionGracePeriodSeconds === 0;
    return wasLast
      ? this.#commit(collection, "DELETED", current, current)
      : this.#commit(collection, "MODIFIED", next, current);
  }

  /** Patches an object, or its status. `contentType`: JSON merge patch, strategic merge patch, or JSON patch. */
  patch(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    patch: unknown,
    contentType = "application/merge-patch+json",
    options: SimWriteOptions = {},
  ): SimObject {
    const collection = this.#collection(resource);
    const current = this.#existing(collection, namespace, name);
    const patched = applyPatch(collection.resource, current, patch, contentType);
    return this.update(resource, namespace, name, patched, options);
  }

  /**
   * Deletes an object, or starts to: a pod on a node ends when its grace period was used up or cut to 0, an object with
   * finalizers when the last was taken away. A namespace takes everything in it along, at once.
   * `gone` tells whether it is gone, `object` is its last state.
   */
  delete(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    options: SimDeleteOptions = {},
  ): { readonly object: SimObject; readonly gone: boolean } {
    const collection = this.#collection(resource);
    const current = this.#existing(collection, namespace, name);
    checkPreconditions(collection.resource, current, options.preconditions ?? {});
    const isNamespace = resourceId(resource) === resourceId(NAMESPACES);
    const step = deletionStep(collection.resource, current, options.gracePeriodSeconds, this.clock.now());
    const marked = step.marked === undefined ? current : this.#commit(collection, "MODIFIED", step.marked, current);
    if (isNamespace) this.#empty(name);
    if (!step.gone) return { object: marked, gone: false };
    return { object: this.#commit(collection, "DELETED", marked, marked), gone: true };
  }

  /** An object as it is now. */
  get(resource: Resource, namespace: string | undefined, name: string): SimObject | undefined {
    return this.#collection(resource).get(keyFor(namespace, name));
  }

  /**
   * The objects of a resource, ordered by key (`namespace/name`, byte by byte). `at`: as they were at exactly this
   * version; 410 where it was compacted, 504 where it lies ahead.
   */
  list(
    resource: Resource,
    options: { readonly namespace?: string | undefined; readonly at?: string | undefined } = {},
  ): { readonly resourceVersion: string; readonly items: SimObject[] } {
    const collection = this.#collection(resource);
    const namespace = collection.resource.namespaced && options.namespace !== "" ? options.namespace : undefined;
    if (options.at === undefined) {
      return { resourceVersion: this.version, items: collection.list(namespace, undefined) };
    }
    const at = this.#readable(options.at, "The resourceVersion for the provided list is too old.");
    if (compareResourceVersions(at, this.version as ResourceVersion) > 0) {
      throw tooLargeResourceVersion(at, this.version);
    }
    return { resourceVersion: at, items: collection.list(namespace, at) };
  }

  /** The events of a resource after a version, oldest first; 410 where some of them were compacted. */
  eventsAfter(resource: Resource, version: string): readonly ClusterEvent[] {
    const after = this.#readable(version, `too old resource version: ${version} (${this.compacted})`);
    return this.#collection(resource).eventsAfter(after);
  }

  /**
   * Tells every committed event of every resource, in order, before the write that caused it returns. A listener that
   * writes sees its own events later, in order too. A listener must not throw. Returns how to stop.
   */
  subscribe(listener: (event: ClusterEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells every `restore`, with the version that the cluster went back to. Watches must end then. */
  subscribeRestores(listener: (version: string) => void): () => void {
    this.#restoreListeners.add(listener);
    return () => this.#restoreListeners.delete(listener);
  }

  /** Forgets the history up to a version. Default: all of it, up to now. */
  compact(upTo: string = this.version): void {
    const version = BigInt(parseResourceVersion(upTo));
    if (version > this.#version)
      throw new RangeError(`cannot compact up to ${upTo}: the newest version is ${this.version}`);
    if (version <= this.#compacted) return;
    this.#compacted = version;
    for (const collection of this.#collections.values()) collection.compact(String(version) as ResourceVersion);
  }

  /**
   * Goes back to what was at a version, as after an etcd restore: what came later is gone, and its versions will be
   * given again, to other writes. No event tells of it.
   *
   * @throws RangeError for a version that is not in the history.
   */
  restore(version: string): void {
    const back = BigInt(parseResourceVersion(version));
    if (back > this.#version || back < this.#compacted) {
      throw new RangeError(`cannot restore ${version}: the history goes from ${this.compacted} to ${this.version}`);
    }
    this.#version = back;
    for (const collection of this.#collections.values()) collection.restore(String(back) as ResourceVersion);
    for (const listener of this.#restoreListeners) listener(version);
  }

  /**
   * Puts a pod on a node, as the scheduler does through the binding subresource: `spec.nodeName`, the condition
   * PodScheduled and the node's topology labels change at once; the generation does not.
   */
  bind(namespace: string, name: string, node: string): SimObject {
    const collection = this.#collection({ group: "", version: "v1", resource: "pods" });
    const current = this.#existing(collection, namespace, name);
    const bound = boundPod(current, node, this.clock.now(), this.#context);
    return this.#commit(collection, "MODIFIED", bound, current);
  }

  get #context(): {
    node(name: string): SimObject | undefined;
    clusterIp(): string;
    nodePort(): number;
  } {
    return {
      node: (name) => this.#collections.get("v1/nodes")?.get(name),
      clusterIp: () => `10.${96 + ((this.#addresses >> 16) & 15)}.${this.#nextAddress()}`,
      nodePort: () => 30_000 + (this.#addresses++ % 2768),
    };
  }

  #nextAddress(): string {
    const next = (this.#addresses += 1);
    return `${(next >> 8) & 255}.${next & 255}`;
  }

  #writer(options: SimWriteOptions): { manager: string; time: string; subresource: "status" | undefined } {
    return {
      manager: options.manager ?? DEFAULT_MANAGER,
      time: timestamp(options.at ?? this.clock.now()),
      subresource: options.subresource,
    };
  }

  #collection(resource: Resource): Collection {
    const collection = this.#collections.get(resourceId(resource));
    if (collection === undefined) throw notFoundPath();
    return collection;
  }

  #existing(collection: Collection, namespace: string | undefined, name: string): SimObject {
    const object = collection.get(keyFor(collection.resource.namespaced ? namespace : undefined, name));
    if (object === undefined) throw notFound(collection.resource, name);
    return object;
  }

  #readable(version: string, message: string): ResourceVersion {
    const parsed = version === "0" ? version : parseResourceVersion(version);
    if (BigInt(parsed) < this.#compacted) throw expired(message);
    return parsed as ResourceVersion;
  }

  #empty(namespace: string): void {
    for (const collection of this.#collections.values()) {
      if (!collection.resource.namespaced) continue;
      for (const object of collection.list(namespace, undefined)) this.#commit(collection, "DELETED", object, object);
    }
  }

  #commit(
    collection: Collection,
    type: ClusterEvent["type"],
    state: SimObject,
    previous: SimObject | undefined,
  ): SimObject {
    this.#version += 1n;
    const resourceVersion = this.version;
    const object = freezeJson(withMetadata(collection.resource, state, { resourceVersion }));
    const event: ClusterEvent = {
      type,
      resource: collection.resource,
      resourceVersion,
      object,
      previous,
      at: this.clock.truth.now(),
    };
    collection.commit(keyOf(object), event);
    this.#undelivered.push(event);
    this.#deliver();
    return object;
  }

  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let event = this.#undelivered.shift(); event !== undefined; event = this.#undelivered.shift()) {
        for (const listener of this.#listeners) listener(event);
      }
    } finally {
      this.#delivering = false;
    }
  }
}

function keyFor(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}
