import {
  type ApiStatus,
  KrmError,
  type ListPage,
  type ListRequest,
  type ListWatch,
  type ListWatchSource,
  type Scope,
  WatchDecoder,
  type WatchEvent,
} from "@krm/core";
import { apiError } from "./world.ts";

/** Where a request of the streamer can fail. */
export type Place = "streaming list" | "in a streaming list" | "list" | "page 2 of a list" | "watch" | "in a watch";

/** What a server, or what stands before it, can do to a request. */
export type Fault = { readonly status: ApiStatus } | { readonly error: Error };

function status(code: number, reason = "", retryAfterSeconds?: number): Fault {
  return { status: { code, reason, message: `${code} ${reason}`, retryAfterSeconds } };
}

/** What the decoder says to these bytes. */
function undecodable(bytes: string, maxFrameBytes?: number): Fault {
  const decoder = new WatchDecoder(maxFrameBytes === undefined ? {} : { maxFrameBytes });
  decoder.push(Buffer.from(bytes));
  if (decoder.error === undefined) throw new Error("these bytes can be decoded");
  return { error: decoder.error };
}

/** Every fault of the protocol that a streamer can meet (research: peers §5.3, §6). */
export const FAULTS = {
  "410 Expired": status(410, "Expired"),
  "410 Gone": status(410, "Gone"),
  "504 too large version": status(504, "Timeout"),
  "504 Timeout": status(504, "Timeout"),
  "429 Retry-After 7": status(429, "TooManyRequests", 7),
  "429": status(429, "TooManyRequests"),
  "500": status(500, "InternalError"),
  "500 StoreReadError": status(500, "StoreReadError"),
  "503": status(503, "ServiceUnavailable"),
  "422": status(422, "Invalid"),
  "405": status(405, "MethodNotAllowed"),
  "406": status(406, "NotAcceptable"),
  "400": status(400, "BadRequest"),
  "401": status(401, "Unauthorized"),
  "403": status(403, "Forbidden"),
  "404": status(404, "NotFound"),
  refused: { error: new KrmError("KRM_CONNECTION", "refused") },
  reset: { error: new KrmError("KRM_CONNECTION", "reset") },
  "half a frame": { error: new KrmError("KRM_CONNECTION", "the body ended within a frame") },
  undecodable: undecodable('{"type":"ADDED","object":{]}\n'),
  oversized: undecodable(`{"type":"ADDED","object":{"metadata":{"name":"${"x".repeat(200)}"}}}\n`, 100),
  "unknown type": undecodable('{"type":"SYNCED","object":{}}\n'),
  "no version": { error: new KrmError("KRM_INVALID_RESOURCE_VERSION", "v-1") },
  "no KrmError": { error: new TypeError("fetch failed") },
} as const satisfies Record<string, Fault>;

/** A source on which one thing fails at one place, while that is switched on. */
export class FaultySource implements ListWatchSource {
  readonly #inner: ListWatchSource;
  readonly #place: Place;
  readonly #fault: Fault;
  /** How often it is to fail from now on. */
  times = 0;
  /** How often it has failed. */
  failed = 0;
  /** Requests, in their order: `stream`, `list`, `page`, `watch`. */
  readonly requests: string[] = [];

  constructor(inner: ListWatchSource, place: Place, fault: Fault) {
    this.#inner = inner;
    this.#place = place;
    this.#fault = fault;
  }

  listWatch(scope: Scope): ListWatch {
    const inner = this.#inner.listWatch(scope);
    return {
      ...inner,
      list: async (request, options): Promise<ListPage> => {
        this.#request(placeOf(request));
        return inner.list(request, options);
      },
      watch: async (request, options): Promise<AsyncIterable<readonly WatchEvent[]>> => {
        const place = request.initialEvents === true ? "streaming list" : "watch";
        this.#request(place);
        return this.#read(await inner.watch(request, options), `in a ${place}`);
      },
    };
  }

  #fails(place: Place): boolean {
    if (place !== this.#place || this.times === 0) return false;
    this.times--;
    this.failed++;
    return true;
  }

  #request(place: Place): void {
    this.requests.push(NAMES[place]);
    if (!this.#fails(place)) return;
    throw "error" in this.#fault ? this.#fault.error : apiError(this.#fault.status);
  }

  /** Fails after the first event, which is told. */
  async *#read(watch: AsyncIterable<readonly WatchEvent[]>, place: Place): AsyncGenerator<readonly WatchEvent[]> {
    for await (const batch of watch) {
      const [first] = batch;
      if (first === undefined || !this.#fails(place)) {
        yield batch;
        continue;
      }
      if ("status" in this.#fault) yield [first, { type: "ERROR", status: this.#fault.status }];
      else {
        yield [first];
        throw this.#fault.error;
      }
      return;
    }
  }
}

const NAMES: Readonly<Record<Place, string>> = {
  "streaming list": "stream",
  "in a streaming list": "stream",
  list: "list",
  "page 2 of a list": "page",
  watch: "watch",
  "in a watch": "watch",
};

function placeOf(request: ListRequest): Place {
  return request.continue === undefined ? "list" : "page 2 of a list";
}
