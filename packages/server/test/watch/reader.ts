import { parseFieldSelector, parseLabelSelector, StatusError } from "@krm/apimachinery";
import { PODS, type Store, type StoredObject } from "@krm/core";
import type { SeededRandom } from "@krm/testkit";
import { expect } from "vitest";
import type { Scopes } from "../../src/view/catalog.ts";
import { readView, viewVersion } from "../../src/view/view.ts";
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

/** A view without less of it. */
export const ALL_OF = { namespace: undefined, name: undefined, where: [], within: undefined } as const;

/** What never goes back within a watch, or for a key from one list to the next. Repairs may. */
export type Rises = "versions" | "keys" | "versions and keys";

/** A client as client-go is one: what it was told, and the version of the last thing that it was told. */
export class Reader {
  readonly selection: Selection;
  readonly state = new Map<string, string>();
  version: string | undefined;
  open: Watching | undefined;
  /** The newest version of this watch. */
  #newest = 0n;
  /** The newest version that was told of each key since the last list, by the server that gave it. */
  readonly #ofKeys = new Map<string, bigint>();
  #listedAt: WatchHub | undefined;
  #initial = false;
  readonly #repaired: ReadonlySet<string>;
  relists = 0;
  resumes = 0;
  slow = 0;
  readonly #rises: Rises;

  constructor(selection: Selection, repaired: ReadonlySet<string>, rises: Rises = "versions") {
    this.selection = selection;
    this.#repaired = repaired;
    this.#rises = rises;
  }

  /** Goes on from where it was, or begins anew. */
  async connect(hub: WatchHub, store: Store, scopes: Scopes, random: SeededRandom): Promise<void> {
    const { namespace, labels, fields } = this.selection;
    const query = new URLSearchParams({ labelSelector: labels, fieldSelector: fields, allowWatchBookmarks: "true" });
    this.#initial = false;
    this.#newest = 0n;
    if (this.version === undefined) {
      this.state.clear();
      this.#ofKeys.clear();
      this.#listedAt = hub;
      await hub.prepare(scopes);
      const list = await readView(store, { ...ALL_OF, scopes, namespace });
      if (list.parts.some(({ meta }) => meta.version === undefined)) return;
      if (random.chance(0.5)) {
        for (const object of list.objects.filter(selects(this.selection))) {
          this.state.set(object.key, `${object.uid}@${object.resourceVersion}`);
          this.#ofKeys.set(object.key, BigInt(object.resourceVersion));
        }
        this.version = viewVersion(list.parts);
      } else {
        this.#initial = true;
      }
    } else this.resumes++;
    // Another one may be behind what the list showed.
    if (hub !== this.#listedAt) this.#ofKeys.clear();
    if (this.version !== undefined) query.set("resourceVersion", this.version);
    const sink = new MemorySink();
    const open = await watch(hub, query.toString(), {
      scopes,
      sink,
      ...(namespace === undefined ? {} : { namespace }),
    }).catch((error: unknown) => {
      // Until all scopes have come to one version.
      if (!(error instanceof StatusError) || error.status.code !== 503) throw error;
      return undefined;
    });
    this.open = open;
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
    const before = this.#ofKeys.get(key) ?? 0n;
    if (this.#rises !== "versions" && BigInt(resourceVersion) < before)
      throw new Error(`${type} ${key}@${resourceVersion} after ${before}`);
    this.#ofKeys.set(key, BigInt(resourceVersion));
    if (type === "DELETED") this.state.delete(key);
    else this.state.set(key, `${uid}@${resourceVersion}`);
    // Initial events are in the order of their keys, and prove no version until they have ended.
    if (this.#initial) return;
    this.version = resourceVersion;
    if (this.#rises === "keys") return;
    if (BigInt(resourceVersion) < this.#newest && !this.#repaired.has(`${key}@${resourceVersion}`))
      throw new Error(`${type} ${key}@${resourceVersion} after ${this.#newest}`);
    if (BigInt(resourceVersion) > this.#newest) this.#newest = BigInt(resourceVersion);
  }
}
