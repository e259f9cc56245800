import { parseFieldSelector, parseLabelSelector } from "@krm/apimachinery";
import { PODS, type Scope, type Store, type StoredObject } from "@krm/core";
import type { SeededRandom } from "@krm/testkit";
import { expect } from "vitest";
import type { WatchHub } from "../../src/watch/watch-hub.ts";
import { type Frame, MemorySink, watch, type Watching } from "./support.ts";

/** What a reader asks for. */
export interface Selection {
  readonly namespace: string | undefined;
  readonly labels: string;
  readonly fields: string;
}

/** Whether an object is what was asked for. */
export function selects({ namespace, labels, fields }: Selection): (object: StoredObject) => boolean {
  const byLabels = parseLabelSelector(labels);
  const byFields = parseFieldSelector(fields, PODS);
  return (object) =>
    (namespace === undefined || object.namespace === namespace) &&
    byLabels.matches(object.labels) &&
    byFields.matches({ "metadata.name": object.name, "metadata.namespace": object.namespace });
}

/** A client as client-go is one: what it was told, and the version of the last thing that it was told. */
export class Reader {
  readonly selection: Selection;
  readonly state = new Map<string, string>();
  version: string | undefined;
  open: Watching | undefined;
  /** The newest version of this watch. */
  #newest = 0n;
  #initial = false;
  readonly #repaired: ReadonlySet<string>;
  relists = 0;
  slow = 0;

  constructor(selection: Selection, repaired: ReadonlySet<string>) {
    this.selection = selection;
    this.#repaired = repaired;
  }

  /** Goes on from where it was, or begins anew. */
  async connect(hub: WatchHub, store: Store, scope: Scope, random: SeededRandom): Promise<void> {
    const { namespace, labels, fields } = this.selection;
    const query = new URLSearchParams({ labelSelector: labels, fieldSelector: fields, allowWatchBookmarks: "true" });
    this.#initial = false;
    this.#newest = 0n;
    if (this.version === undefined) {
      this.state.clear();
      await hub.prepare(scope);
      const list = await store.scope(scope).read();
      if (list.meta.version === undefined) return;
      if (random.chance(0.5)) {
        for (const object of list.objects.filter(selects(this.selection)))
          this.state.set(object.key, `${object.uid}@${object.resourceVersion}`);
        this.version = list.meta.version;
      } else {
        this.#initial = true;
      }
    }
    if (this.version !== undefined) query.set("resourceVersion", this.version);
    const sink = new MemorySink();
    this.open = await watch(hub, query.toString(), { scope, sink, ...(namespace === undefined ? {} : { namespace }) });
  }

  cut(): void {
    this.read();
    this.open?.sink.leave();
    this.open = undefined;
  }

  /** Takes what has come. One that was too slow goes on from what it has. */
  read(): void {
    for (const frame of this.open?.sink.take() ?? []) this.#take(frame);
    if (this.open?.sink.destroyed !== true) return;
    this.open = undefined;
    this.slow++;
  }

  #take({ type, object }: Frame): void {
    if (type === "ERROR") {
      expect(object.code).toBe(410);
      this.open = undefined;
      this.version = undefined;
      this.relists++;
      return;
    }
    const { name, namespace, uid, resourceVersion } = object.metadata;
    if (type === "BOOKMARK") {
      if (object.metadata.annotations !== undefined) this.#initial = false;
      this.version = resourceVersion;
      return;
    }
    const key = `${namespace}/${name}`;
    if (type === "DELETED") this.state.delete(key);
    else this.state.set(key, `${uid}@${resourceVersion}`);
    // Initial events are in the order of their keys, and prove no version until they have ended.
    if (this.#initial) return;
    this.version = resourceVersion;
    if (BigInt(resourceVersion) < this.#newest && !this.#repaired.has(`${key}@${resourceVersion}`))
      throw new Error(`${type} ${key}@${resourceVersion} after ${this.#newest}`);
    if (BigInt(resourceVersion) > this.#newest) this.#newest = BigInt(resourceVersion);
  }
}
