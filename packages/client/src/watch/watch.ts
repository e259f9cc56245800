import type { Freshness } from "@krm/protocol";
import { KrmClientError } from "../error.ts";
import type { Connection } from "../options.ts";
import { kubernetesPath } from "../resource-name.ts";
import { type Ended, Patience } from "./patience.ts";
import { type ToldFrame, WatchConnection } from "./watch-connection.ts";
import type { WatchEvent } from "./watch-event.ts";
import type { WatchObserver } from "./watch-observer.ts";
import { checkWatchOptions, type WatchOptions, watchQuery } from "./watch-options.ts";
import { disconnected, fellSilent, movedOn, startAt, told, type WatchPosition } from "./watch-position.ts";

/** Makes what the user gets out of an object's JSON. */
export type ReadObject<T> = (json: object) => T;

/**
 * A watch that can be iterated, each time anew. `load` is called first.
 *
 * @throws KrmClientError `KRM_CLIENT_INVALID_ARGUMENT`
 */
export function watch<T>(
  connection: Connection,
  resource: string,
  options: WatchOptions,
  load: () => Promise<ReadObject<T>>,
  observer: WatchObserver = {},
): AsyncIterable<WatchEvent<T>> {
  checkWatchOptions(options);
  const url = connection.base + kubernetesPath(resource, options.namespace);
  return {
    [Symbol.asyncIterator]: () => {
      const left = new AbortController();
      const events = new Watch(connection, url, options, left.signal, observer).events(load);
      return {
        next: () => events.next(),
        // A generator that waits for the server would not hear of it before the server speaks.
        return: () => {
          left.abort();
          return events.return();
        },
      };
    },
  };
}

/** One iteration: connection after connection, until it is left or cannot go on. */
class Watch {
  readonly #connection: Connection;
  readonly #url: string;
  readonly #options: WatchOptions;
  readonly #left: AbortSignal;
  /** The caller's, or that the loop was left. */
  readonly #signal: AbortSignal;
  #position: WatchPosition;
  readonly #patience: Patience;
  readonly #observer: WatchObserver;

  constructor(connection: Connection, url: string, options: WatchOptions, left: AbortSignal, observer: WatchObserver) {
    this.#connection = connection;
    this.#url = url;
    this.#options = options;
    this.#left = left;
    this.#observer = observer;
    this.#signal = options.signal === undefined ? left : AbortSignal.any([options.signal, left]);
    this.#patience = new Patience(connection.renewsToken);
    this.#position = startAt(options.resourceVersion === "" ? undefined : options.resourceVersion);
  }

  async *events<T>(load: () => Promise<ReadObject<T>>): AsyncGenerator<WatchEvent<T>, void, undefined> {
    try {
      this.#signal.throwIfAborted();
      const read = await load();
      for (;;) {
        this.#signal.throwIfAborted();
        yield* this.#connected(read);
      }
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (!this.#left.aborted) throw error;
    }
  }

  /** The events of one connection; then it waits until it is time for the next. @throws what ends the watch. */
  async *#connected<T>(read: ReadObject<T>): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const { timing } = this.#connection;
    const openedAt = timing.now();
    const before = this.#position;
    const after = before.phase === "following" ? before.version : undefined;
    const asked = `${this.#url}?${watchQuery(this.#options, after)}`;
    const request = new WatchConnection(this.#connection, asked, this.#signal);
    let answered = false;
    let unheard = true;
    let trouble: KrmClientError | undefined;
    try {
      const { freshness, frames } = await request.open();
      answered = true;
      this.#observer.opened?.(freshness, this.#position.phase !== "following");
      if (this.#position.phase === "fresh") {
        const { reason } = this.#position;
        this.#position = { phase: "initial" };
        yield { type: "reset", reason };
      }
      for await (const frame of frames) {
        this.#signal.throwIfAborted();
        unheard = false;
        const event = this.#take(frame, freshness, read);
        if (event !== undefined) yield event;
      }
      if (this.#position.phase === "initial") throw request.broke("the watch ended before all that there is was told");
    } catch (error) {
      if (this.#signal.aborted || !(error instanceof KrmClientError)) throw error;
      trouble = error;
    } finally {
      request.close();
    }
    this.#observer.closed?.(trouble);
    const followed = this.#position.phase === "following";
    const hasNewerToken = trouble?.status === 401 && (await request.hasNewerToken());
    const ended = { answered, followed, movedOn: movedOn(before, this.#position), trouble, hasNewerToken };
    this.#position = request.isSilent ? fellSilent(this.#position, unheard) : disconnected(this.#position);
    await this.#pause({ ...ended, lastedMs: timing.now() - openedAt });
  }

  #take<T>(frame: ToldFrame, freshness: Freshness, read: ReadObject<T>): WatchEvent<T> | undefined {
    const { type, resourceVersion } = frame;
    const wasInitial = this.#position.phase === "initial";
    this.#position = told(this.#position, resourceVersion, type === "bookmark" && frame.endsInitial);
    const isInitial = this.#position.phase === "initial";
    if (type === "bookmark" && frame.lastContact !== undefined) this.#observer.contact?.(frame.lastContact);
    if (type !== "bookmark") return { type, object: read(frame.object), resourceVersion };
    // Within the set it would promise what is still to come.
    if (isInitial) return undefined;
    return wasInitial ? { type: "synced", resourceVersion, freshness } : { type, resourceVersion };
  }

  async #pause(ended: Ended): Promise<void> {
    const { timing } = this.#connection;
    const { trouble } = ended;
    const delayMs = this.#patience.after(ended, timing.random());
    if (trouble?.code === "KRM_CLIENT_EXPIRED") this.#position = { phase: "fresh", reason: "expired" };
    if (trouble !== undefined) this.#options.onRetry?.(trouble, delayMs);
    await timing.sleep(delayMs, this.#signal);
  }
}
