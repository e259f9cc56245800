import { type DropPaths, KrmError, WatchDecoder, type WatchEvent } from "@krm/core";
import type { Dispatcher } from "undici";

interface WatchEventsOptions {
  readonly drop: DropPaths | undefined;
  /** What is watched, for messages. */
  readonly name: string;
  readonly signal: AbortSignal | undefined;
  /** How an error of the connection is told. */
  readonly broken: (error: unknown) => unknown;
}

type Body = Dispatcher.ResponseData["body"];
type Batch = readonly WatchEvent[];

/**
 * Bytes decoded and not taken, beyond which the connection is not read. Reading must not wait for who takes: the API
 * server breaks off with a watcher that is slow.
 */
const AHEAD_BYTES = 16 * 1024 * 1024;

/** The events of a watch's body, what came since the last step together. Leaving the loop closes the connection. */
export function watchEvents(body: Body, options: WatchEventsOptions): AsyncIterable<Batch> {
  return new WatchEvents(body, options);
}

/**
 * Decodes in the listener of the body: an event costs one step of iteration, and not one in each of several layers.
 */
class WatchEvents implements AsyncIterableIterator<Batch, undefined> {
  readonly #body: Body;
  readonly #options: WatchEventsOptions;
  readonly #decoder: WatchDecoder;
  /** Undefined: nothing has come since the last step. Empty: bytes have. */
  #batch: WatchEvent[] | undefined;
  /** Of the chunks that `#batch` came in. */
  #ahead = 0;
  /** How it ends, after `#batch`. */
  #end: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(body: Body, options: WatchEventsOptions) {
    this.#body = body;
    this.#options = options;
    this.#decoder = new WatchDecoder({ drop: options.drop });
    body.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    body.on("end", () => this.#finish());
    // Also keeps an error that comes after the end, as from destroying, from being nobody's.
    body.on("error", (error) => {
      if (options.signal?.aborted === true) this.#batch = undefined;
      this.#conclude({ error: options.broken(error) });
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Batch, undefined>> {
    while (this.#batch === undefined && this.#end === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const batch = this.#batch;
    if (batch !== undefined) {
      this.#batch = undefined;
      this.#ahead = 0;
      if (this.#body.isPaused()) this.#body.resume();
      return { done: false, value: batch };
    }
    const end = this.#end;
    this.#end = {};
    if (end !== undefined && "error" in end) throw end.error;
    return { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<Batch, undefined>> {
    this.#batch = undefined;
    this.#conclude({});
    this.#body.destroy();
    return Promise.resolve({ done: true, value: undefined });
  }

  #receive(chunk: Uint8Array): void {
    if (this.#end !== undefined) return;
    const events = this.#decoder.push(chunk);
    if (this.#batch === undefined) this.#batch = events;
    else for (const event of events) this.#batch.push(event);
    this.#ahead += chunk.length;
    const { error } = this.#decoder;
    if (error !== undefined) {
      // The decoder knows what is wrong and where; this adds of what.
      this.#conclude({ error: new KrmError(error.code, `${this.#options.name}: ${error.message}`, { cause: error }) });
      this.#body.destroy();
      return;
    }
    if (this.#ahead > AHEAD_BYTES) this.#body.pause();
    this.#wake?.();
  }

  #finish(): void {
    try {
      this.#decoder.end();
      this.#conclude({});
    } catch (cause) {
      // Half a frame tells nothing, so nothing is lost: the version before it is where to go on.
      const message = `${this.#options.name}: ${(cause as Error).message}`;
      this.#conclude({ error: new KrmError("KRM_CONNECTION", message, { cause }) });
    }
  }

  #conclude(end: { readonly error?: unknown }): void {
    this.#end ??= end;
    this.#wake?.();
  }
}
