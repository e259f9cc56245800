import type { EventEmitter } from "eventemitter3";
import { invalid } from "../options.ts";
import type { CallOptions } from "../request.ts";
import type { WatchEvent } from "../watch/watch-event.ts";
import { ApartEmitter } from "./apart-emitter.ts";
import { Lookups, type MirrorQuery } from "./lookups.ts";
import type { MirrorEvents } from "./mirror-events.ts";
import type { MirrorFreshness } from "./mirror-freshness.ts";
import type { MirrorSource } from "./mirror-source.ts";
import type { MirrorChange, MirrorSet } from "./mirror-set.ts";
import { keyOf } from "./object-fields.ts";
import { isOrdered } from "./resource-version.ts";
import { TrustKeeper } from "./trust-keeper.ts";
import { Waits } from "./waits.ts";

/** Names an object of a mirror. */
export interface MirrorKey {
  readonly name: string;
  /** Default: that of the mirror; of cluster-scoped objects none. */
  readonly namespace?: string | undefined;
}

/** What was written to the cluster: its version, or the object as the API server answered it. */
export type Written =
  | string
  | { readonly metadata?: { readonly namespace?: string; readonly resourceVersion?: string } | undefined };

/**
 * A local copy of what a watch selects, always one whole view of the server's: while a new set comes, the one before is
 * shown. Made by {@link KrmClient.mirror}; keeps itself up to date until it is closed, its signal aborts, or the server
 * refuses it, and never ends unheard: see {@link closed}.
 *
 * There is one copy of each object, which all share: do not change what you are given.
 */
export class Mirror<T> implements Iterable<T>, AsyncDisposable {
  readonly events: EventEmitter<MirrorEvents<T>> = new ApartEmitter<MirrorEvents<T>>();
  readonly #source: MirrorSource<T>;
  readonly #set: MirrorSet<T>;
  readonly #lookups: Lookups<T>;
  readonly #trust: TrustKeeper;
  readonly #waits: Waits;
  readonly #stop = new AbortController();
  readonly #closed = Promise.withResolvers<void>();
  readonly #running: Promise<unknown>;
  #isClosedAwaited = false;

  /** @internal */
  constructor(source: MirrorSource<T>, set: MirrorSet<T>) {
    this.#source = source;
    this.#set = set;
    this.#lookups = new Lookups(source.hasNodes);
    this.#trust = new TrustKeeper({
      timing: source.timing,
      set,
      ask: source.ask,
      changed: (freshness, isFresh) => this.events.emit(isFresh ? "fresh" : "stale", freshness),
    });
    this.#waits = new Waits(source.timing, () => this.freshness);
    const signal =
      source.signal === undefined ? this.#stop.signal : AbortSignal.any([source.signal, this.#stop.signal]);
    this.#running = Promise.all([this.#run(signal), this.#trust.run(signal)]);
  }

  /** How many objects there are. */
  get size(): number {
    return this.#set.view.size;
  }

  /** How far what the mirror shows can be trusted, judged as of now. */
  get freshness(): MirrorFreshness {
    return this.#trust.freshness;
  }

  /** The last version that was told; undefined until the first set is complete. */
  get resourceVersion(): string | undefined {
    return this.#set.position;
  }

  /**
   * Resolves when the mirror was closed, or its signal aborted; rejects with what ended it else, as `error` tells. An end
   * that nobody hears (no listener of `error`, nobody who waits for the mirror, and nobody who ever read this) is an
   * unhandled rejection.
   */
  get closed(): Promise<void> {
    this.#isClosedAwaited = true;
    return this.#closed.promise;
  }

  /** One object; undefined: it is not there, or the first set is not complete. */
  get(name: string, namespace?: string): T | undefined {
    return this.#set.view.get(this.#keyOf({ name, namespace }));
  }

  /**
   * Those objects that are asked for, in no order. Makes an index for each field at its first use, and for each of the
   * eight labels last asked for by one value; other conditions look at each object that is left.
   *
   * @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT`
   */
  list(query: MirrorQuery = {}): T[] {
    return this.#lookups.find(this.#set.view, query);
  }

  /** All objects, in no order. */
  [Symbol.iterator](): Iterator<T> {
    return this.#set.view.values();
  }

  /** Resolves when the first set is complete. Without `timeoutMs` it waits as long as the mirror lives. */
  async synced(options: CallOptions = {}): Promise<void> {
    await this.#waits.for({ look: () => this.#sought(true), missing: this.#named("no set was complete") }, options);
  }

  /**
   * Resolves with the first truthy value of `look`, which is asked once the first set is complete, and then after each
   * change of any object. Without `timeoutMs` it waits as long as the mirror lives.
   *
   * @throws KrmClientError `KRM_CLIENT_TIMEOUT`; the signal's reason; what `look` throws; what ended the mirror.
   * @example
   * const ready = await pods.waitFor(() => pods.list({ labelSelector: "app=web" }).find(isReady), { timeoutMs: 60_000 });
   */
  waitFor<R>(look: (mirror: this) => R, options: CallOptions = {}): Promise<NonNullable<Exclude<R, false | 0 | "">>> {
    return this.#waits.for(
      { look: () => this.#sought(look(this)), missing: this.#named("what was waited for did not come") },
      options,
    );
  }

  /**
   * The same for one object, looked at only when it changes: resolves with it as soon as `isMet` says so. `undefined`: it
   * is not there.
   *
   * @example
   * await pods.waitForObject({ name: "web-1", namespace: "team-a" }, (pod) => pod?.status?.phase === "Running");
   * await pods.waitForObject({ name: "web-1", namespace: "team-a" }, (pod) => pod === undefined); // gone
   */
  waitForObject<R extends T | undefined>(
    key: MirrorKey,
    isMet: (object: T | undefined) => object is R,
    options?: CallOptions,
  ): Promise<R>;
  waitForObject(
    key: MirrorKey,
    isMet: (object: T | undefined) => boolean,
    options?: CallOptions,
  ): Promise<T | undefined>;
  waitForObject(
    named: MirrorKey,
    isMet: (object: T | undefined) => boolean,
    options: CallOptions = {},
  ): Promise<T | undefined> {
    const key = this.#keyOf(named);
    const look = (): { readonly found: T | undefined } | undefined => {
      const found = this.#set.view.get(key);
      return this.#set.isSynced && isMet(found) ? { found } : undefined;
    };
    return this.#waits.for({ look, key, missing: this.#named(`${key} did not become what was waited for`) }, options);
  }

  /**
   * Resolves when the mirror has been told all up to a version, so that what one wrote oneself is in it. Where what was
   * written is not of this mirror, that takes until the server's next bookmark: ten seconds or so, a minute at most.
   *
   * Of a server that watches several namespaces one by one, versions come in order only within each: give the object
   * that was written, or name the `namespace` of the mirror.
   *
   * @throws KrmClientError `KRM_CLIENT_TIMEOUT` after `timeoutMs` (default: the client's); `KRM_CLIENT_INVALID_ARGUMENT` for
   * what has no version; the signal's reason; what ended the mirror.
   */
  async readYourWrites(written: Written, options: CallOptions = {}): Promise<void> {
    const { namespace, resourceVersion = "" } =
      typeof written === "string" ? { resourceVersion: written } : (written.metadata ?? {});
    if (!isOrdered(resourceVersion))
      throw invalid(
        `resourceVersion is ${JSON.stringify(resourceVersion)}, which is no version to wait for`,
        "give metadata.resourceVersion of what was written, or the object as the API server answered it",
      );
    await this.#waits.for(
      {
        look: () => this.#sought(this.#set.hasPassed(resourceVersion, namespace)),
        missing: this.#named(`version ${resourceVersion} was not reached`),
      },
      { ...options, timeoutMs: options.timeoutMs ?? this.#source.timeoutMs },
    );
  }

  /** Ends the mirror; resolves when its connection is gone. Who waits for something is rejected with an `AbortError`. */
  async close(): Promise<void> {
    this.#stop.abort(new DOMException("the mirror was closed", "AbortError"));
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(signal: AbortSignal): Promise<void> {
    try {
      const events = this.#source.watch(signal, {
        opened: (freshness, isInitial) => {
          if (signal.aborted) return;
          this.#trust.opened(freshness, isInitial);
          this.events.emit("connect", this.freshness);
        },
        closed: (trouble) => this.#trust.closed(trouble),
        contact: (at) => this.#trust.contact(at),
        onRetry: (error, delayMs) => {
          if (!signal.aborted) this.events.emit("retry", error, delayMs);
        },
      });
      for await (const event of events) {
        signal.throwIfAborted();
        this.#take(event);
      }
    } catch (error) {
      if (signal.aborted) this.#end(signal.reason);
      else this.#fail(error);
    }
  }

  #take(event: WatchEvent<T>): void {
    this.#trust.heard();
    const changes = this.#set.take(event);
    for (const change of changes) this.#lookups.take(change);
    if (event.type === "synced" || event.type === "bookmark") this.#trust.caughtUp();
    for (const change of changes) this.#tellChange(change);
    if (event.type === "reset") this.events.emit("reset", event.reason);
    if (event.type === "synced") this.events.emit("synced", this.freshness);
    // Who waits for an object to be gone may wait for the first set alone.
    if (event.type === "synced") this.#waits.lookAtAll();
    else this.#waits.look(changes.map(({ key }) => key));
  }

  #tellChange(change: MirrorChange<T>): void {
    const { object, type } = change;
    if (type === "add") this.events.emit("add", object);
    else if (type === "update") this.events.emit("update", object, change.previous);
    else this.events.emit("delete", object, { finalStateUnknown: change.finalStateUnknown });
  }

  #end(reason: unknown): void {
    this.#trust.end(undefined);
    this.#waits.end(reason);
    this.#closed.resolve();
  }

  #fail(error: unknown): void {
    this.#trust.end(error instanceof Error ? error.message : String(error));
    const isAwaited = this.#waits.end(error);
    if (isAwaited || this.#isClosedAwaited || this.events.listenerCount("error") > 0) void this.#heard();
    this.#closed.reject(error);
    this.events.emit("error", error);
    this.#stop.abort(error);
  }

  /** Keeps the end from being an unhandled rejection. */
  async #heard(): Promise<void> {
    await Promise.allSettled([this.#closed.promise]);
  }

  #sought<R>(value: R): { readonly found: NonNullable<Exclude<R, false | 0 | "">> } | undefined {
    return this.#set.isSynced && isFound(value) ? { found: value } : undefined;
  }

  #keyOf({ name, namespace = this.#source.namespace }: MirrorKey): string {
    return keyOf(name, namespace);
  }

  #named(what: string): string {
    return `${this.#source.resource}: ${what}`;
  }
}

function isFound<R>(value: R): value is NonNullable<Exclude<R, false | 0 | "">> & R {
  return Boolean(value);
}
