import type { Freshness } from "@krm/protocol";
import { KrmClientError } from "../error.ts";
import type { Connection } from "../options.ts";
import { isTransient, retryDelay } from "../retry.ts";
import { type ToldFrame, WatchConnection } from "./watch-connection.ts";
import type { WatchEvent } from "./watch-event.ts";
import { checkWatchOptions, type WatchOptions, watchQuery } from "./watch-options.ts";
import { disconnected, fellSilent, startAt, told, type WatchPosition } from "./watch-position.ts";
import { kubernetesPath } from "./watched-resource.ts";

/** Makes what the user gets out of an object's JSON. */
export type ReadObject<T> = (json: object) => T;

/** The longest that is waited between two tries, by the client's own choice. Milliseconds. */
const LONGEST_WAIT_MS = 10_000;
/** A connection that lasted as long was a good one: the waits begin anew. Milliseconds. */
const GOOD_MS = 1000;

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
): AsyncIterable<WatchEvent<T>> {
  checkWatchOptions(options);
  const url = connection.base + kubernetesPath(resource, options.namespace);
  return {
    [Symbol.asyncIterator]: () => {
      const left = new AbortController();
      const events = new Watch(connection, url, options, left.signal).events(load);
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
  /** Connections in a row that were no good. */
  #failures = 0;
  /** Lines that could not be read since there was something new to go on from. */
  #unreadable = 0;

  constructor(connection: Connection, url: string, options: WatchOptions, left: AbortSignal) {
    this.#connection = connection;
    this.#url = url;
    this.#options = options;
    this.#left = left;
    this.#signal = options.signal === undefined ? left : AbortSignal.any([options.signal, left]);
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
    const after = this.#position.phase === "following" ? this.#position.version : undefined;
    const asked = `${this.#url}?${watchQuery(this.#options, after)}`;
    const request = new WatchConnection(this.#connection, asked, this.#signal);
    let unheard = true;
    let trouble: KrmClientError | undefined;
    try {
      const { freshness, frames } = await request.open();
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
    } catch (error) {
      if (this.#signal.aborted || !(error instanceof KrmClientError)) throw error;
      trouble = error;
    } finally {
      request.close();
    }
    this.#position = request.isSilent ? fellSilent(this.#position, unheard) : disconnected(this.#position);
    await this.#pause(trouble, timing.now() - openedAt);
  }

  #take<T>(frame: ToldFrame, freshness: Freshness, read: ReadObject<T>): WatchEvent<T> | undefined {
    const { type, resourceVersion } = frame;
    const wasInitial = this.#position.phase === "initial";
    this.#position = told(this.#position, resourceVersion, type === "bookmark" && frame.endsInitial);
    const isInitial = this.#position.phase === "initial";
    if (!isInitial) this.#unreadable = 0;
    if (type !== "bookmark") return { type, object: read(frame.object), resourceVersion };
    // Within the set it would promise what is still to come.
    if (isInitial) return undefined;
    return wasInitial ? { type: "synced", resourceVersion, freshness } : { type, resourceVersion };
  }

  async #pause(trouble: KrmClientError | undefined, lastedMs: number): Promise<void> {
    const { timing } = this.#connection;
    if (trouble?.code === "KRM_CLIENT_EXPIRED") this.#position = { phase: "fresh", reason: "expired" };
    else if (trouble !== undefined && !this.#isPassing(trouble)) throw trouble;
    if (lastedMs >= GOOD_MS) this.#failures = 0;
    const delayMs = retryDelay(this.#failures++, trouble?.retryAfter, timing.random(), LONGEST_WAIT_MS);
    if (trouble !== undefined) this.#options.onRetry?.(trouble, delayMs);
    await timing.sleep(delayMs, this.#signal);
  }

  #isPassing(trouble: KrmClientError): boolean {
    // It may have been broken on the way; the same line, told again, was not.
    if (trouble.code === "KRM_CLIENT_FRAME") return ++this.#unreadable <= this.#connection.retries;
    return isTransient(trouble);
  }
}
