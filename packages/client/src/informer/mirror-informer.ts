import type { ErrorCallback, Informer, KubernetesObject, ObjectCache, ObjectCallback } from "@kubernetes/client-node";
import { Mirror } from "../mirror/mirror.ts";
import { MirrorSet } from "../mirror/mirror-set.ts";
import type { MirrorSource } from "../mirror/mirror-source.ts";
import { throwUncaught } from "../mirror/throw-uncaught.ts";

type ObjectVerb = "add" | "update" | "delete";
type ErrorVerb = "connect" | "error";

/** Callbacks in the order in which they were given; one that is given twice is called twice. */
interface Callbacks<T extends KubernetesObject> {
  readonly add: ObjectCallback<T>[];
  readonly update: ObjectCallback<T>[];
  readonly delete: ObjectCallback<T>[];
  readonly connect: ErrorCallback[];
  readonly error: ErrorCallback[];
}

/** An informer with its cache, over a mirror: see {@link makeInformer}. */
export class MirrorInformer<T extends KubernetesObject> implements Informer<T>, ObjectCache<T> {
  readonly #source: MirrorSource<T>;
  readonly #callbacks: Callbacks<T> = { add: [], update: [], delete: [], connect: [], error: [] };
  #set = new MirrorSet<T>();
  /** Also one that has ended: it still shows what it held. */
  #mirror: Mirror<T> | undefined;
  #running: { readonly mirror: Mirror<T>; readonly started: Promise<void> } | undefined;

  /** @internal */
  constructor(source: MirrorSource<T>) {
    this.#source = source;
  }

  /** Begins, or begins anew: then tells only what has changed since. Does nothing more while it runs. */
  async start(): Promise<void> {
    this.#running ??= this.#begin();
    await this.#running.started;
  }

  /** Ends it. What it holds stays. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.mirror.close();
  }

  on(verb: ObjectVerb | "change", callback: ObjectCallback<T>): void;
  on(verb: ErrorVerb, callback: ErrorCallback): void;
  on(verb: ObjectVerb | "change" | ErrorVerb, callback: ObjectCallback<T> | ErrorCallback): void {
    for (const callbacks of this.#of(verb)) callbacks.push(callback);
  }

  off(verb: ObjectVerb | "change", callback: ObjectCallback<T>): void;
  off(verb: ErrorVerb, callback: ErrorCallback): void;
  off(verb: ObjectVerb | "change" | ErrorVerb, callback: ObjectCallback<T> | ErrorCallback): void {
    for (const callbacks of this.#of(verb)) {
      const at = callbacks.indexOf(callback);
      if (at >= 0) callbacks.splice(at, 1);
    }
  }

  /** One object of the cache. `namespace`: default that of the path. */
  get(name: string, namespace?: string): T | undefined {
    return this.#mirror?.get(name, namespace);
  }

  /** The objects of a namespace, or all. */
  list(namespace?: string): readonly T[] {
    return this.#mirror?.list({ namespace }) ?? [];
  }

  #begin(): { readonly mirror: Mirror<T>; readonly started: Promise<void> } {
    this.#set = new MirrorSet(this.#set.view);
    const mirror = new Mirror(this.#source, this.#set);
    this.#mirror = mirror;
    let isStarting = true;
    for (const verb of ["add", "update", "delete"] as const)
      mirror.events.on(verb, (...[object]) => call(this.#callbacks[verb], object));
    mirror.events.on("connect", () => call(this.#callbacks.connect, undefined));
    mirror.events.on("error", (error) => {
      if (this.#running?.mirror === mirror) this.#running = undefined;
      if (this.#callbacks.error.length > 0) call(this.#callbacks.error, error);
      else if (!isStarting) throw error;
    });
    const started = mirror
      .synced()
      .catch((error: unknown) => {
        if (mirror.freshness.state === "failed" && this.#callbacks.error.length === 0) throw error;
      })
      .finally(() => (isStarting = false));
    return { mirror, started };
  }

  #of(verb: string): ((told: never) => void)[][] {
    const { add, update, delete: deleted, connect, error } = this.#callbacks;
    if (verb === "change") return [add, update, deleted];
    const known: Readonly<Record<string, ((told: never) => void)[]>> = { add, update, delete: deleted, connect, error };
    const callbacks = Object.hasOwn(known, verb) ? known[verb] : undefined;
    if (callbacks === undefined) throw new Error(`Unknown verb: ${verb}`);
    return [callbacks];
  }
}

/** What one throws keeps the others from nothing. */
function call<Told>(callbacks: readonly ((told: Told) => void)[], told: Told): void {
  for (const callback of callbacks.slice())
    try {
      callback(told);
    } catch (error) {
      throwUncaught(error);
    }
}
