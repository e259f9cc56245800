import { setImmediate as nextTurn } from "node:timers/promises";
import { type ObjectView, parseFieldSelector, parseListOptions } from "@krm/apimachinery";
import {
  type CommittedMeta,
  decodeObject,
  PODS,
  type ResourceVersion,
  type StoredObject,
  type ViewChange,
} from "@krm/core";
import type { ManualClock } from "@krm/testkit";
import { metaAt } from "../support/fixtures.ts";
import type { WatchHub, WatchQuery } from "../../src/watch/watch-hub.ts";
import type { WatchSink } from "../../src/watch/watch-sink.ts";
import type { WatchEnd } from "../../src/watch/watch-end.ts";

/** One frame, as a client parses it. */
export interface Frame {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: {
    readonly kind: string;
    readonly code?: number;
    readonly message?: string;
    readonly metadata: {
      readonly name: string;
      readonly namespace?: string;
      readonly uid: string;
      readonly resourceVersion: string;
      readonly labels?: Readonly<Record<string, string>>;
      readonly annotations?: Readonly<Record<string, string>>;
    };
  };
}

/** A connection in memory: hands over everything at once, or, while it is held, nothing. */
export class MemorySink implements WatchSink {
  readonly #closed = new AbortController();
  #text = "";
  /** What has not reached the reader. */
  #held: Buffer[] = [];
  #isHeld = false;
  #wake: (() => void)[] = [];
  writes = 0;
  ended = false;
  destroyed = false;
  /** The most that ever waited here. */
  most = 0;
  /** Called with each piece as it is written. */
  onBlock: (block: Buffer) => void = () => {};

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  get waiting(): number {
    return this.#held.reduce((sum, { length }) => sum + length, 0);
  }

  write(bytes: Buffer): void {
    if (this.ended || this.destroyed) throw new Error("written to after its end");
    this.writes++;
    this.onBlock(bytes);
    this.#held.push(bytes);
    if (this.#isHeld) this.most = Math.max(this.most, this.waiting);
    else this.hold(false);
  }

  async drained(): Promise<void> {
    if (this.#held.length === 0) return;
    await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  /** The reader takes nothing from now on, or everything. */
  hold(held: boolean): void {
    this.#isHeld = held;
    if (held) return;
    for (const bytes of this.#held.splice(0)) this.#text += bytes.toString("utf8");
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** The reader leaves; what was under way is lost. */
  leave(): void {
    this.#held = [];
    this.#closed.abort();
    for (const wake of this.#wake.splice(0)) wake();
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.#held = [];
    this.destroyed = true;
  }

  /** What has come since the last time, as text. */
  takeText(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /** What has come since the last time. */
  take(): readonly Frame[] {
    return this.takeText()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Frame);
  }
}

/** A watch under way. */
export interface Watching {
  readonly sink: MemorySink;
  readonly end: Promise<WatchEnd>;
  /** Undefined: it goes on. */
  how(): WatchEnd | undefined;
}

export interface AskOptions {
  readonly scopes?: WatchQuery["scopes"];
  readonly namespace?: string;
  readonly signal?: AbortSignal;
  readonly sink?: MemorySink;
  readonly representation?: ObjectView["representation"];
  readonly tellsContact?: boolean;
}

/** Opens a watch as a route would. Rejects with what it would answer in place of a stream. */
export async function watch(hub: WatchHub, query: string, options: AskOptions = {}): Promise<Watching> {
  const {
    scopes = [{ resource: PODS }],
    namespace,
    signal,
    sink = new MemorySink(),
    representation = { type: "json" },
    tellsContact,
  } = options;
  const begun = Promise.withResolvers<void>();
  const asked = parseListOptions(new URLSearchParams(query), "watch");
  const fields = parseFieldSelector(asked.fieldSelector, scopes[0].resource);
  const view: ObjectView = { representation, includeObject: "Metadata" };
  let how: WatchEnd | undefined;
  const end = hub.open(
    { scopes, namespace, options: asked, fields, view, tellsContact },
    () => {
      begun.resolve();
      return sink;
    },
    signal,
  );
  end.then(
    (ended) => (how = ended),
    (error: unknown) => begun.reject(error as Error),
  );
  await begun.promise;
  return { sink, end, how: () => how };
}

/** Lets everything that can go on without time passing go on. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 12; turns++) await nextTurn();
}

/** Lets time pass, and what follows from it. */
export async function pass(clock: ManualClock, ms: number): Promise<void> {
  await clock.advance(ms);
  await settle();
}

/** A frame in short: `ADDED a@5`. */
export function brief({ type, object }: Frame): string {
  const { name, resourceVersion, annotations } = object.metadata;
  if (type === "ERROR") return `ERROR ${object.code} ${object.message}`;
  if (type === "BOOKMARK") return `BOOKMARK ${resourceVersion}${annotations === undefined ? "" : " end"}`;
  return `${type} ${name}@${resourceVersion}`;
}

/** An object of `team-a`, or of the namespace before the slash. */
export function thing(
  path: string,
  version: number | string,
  labels: Readonly<Record<string, string>> = {},
  life = "1",
): StoredObject {
  const [name = "", namespace = "team-a"] = path.split("/").toReversed();
  const metadata = { name, namespace, uid: `${namespace}-${name}-${life}`, resourceVersion: String(version), labels };
  return decodeObject(Buffer.from(JSON.stringify({ metadata, spec: { nodeName: `on-${name}` } })));
}

export function set(object: StoredObject, origin: ViewChange["origin"] = "stream"): ViewChange {
  return { type: "set", object, previous: undefined, origin, observedAt: 0 };
}

/** `last`: undefined where its deletion was not seen. */
export function removed(object: StoredObject, version: number, last?: StoredObject): ViewChange {
  const { key, uid } = object;
  return {
    type: "removed",
    key,
    uid,
    resourceVersion: String(version) as ResourceVersion,
    finalState: last ?? "unknown",
    origin: last === undefined ? "repair" : "stream",
    observedAt: 0,
  };
}

export function commit(
  version: number | string,
  changes: readonly ViewChange[] = [],
  meta: Partial<CommittedMeta> = {},
  reset = false,
): { readonly changes: readonly ViewChange[]; readonly meta: CommittedMeta; readonly reset: boolean } {
  return { changes, meta: metaAt(String(version), meta), reset };
}
