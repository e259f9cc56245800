import { Buffer } from "node:buffer";
import {
  type CallOptions,
  decodeListPage,
  KrmError,
  type ListPage,
  type ListRequest,
  type ListWatch,
  PODS,
  type Scope,
  untilAborted,
  WatchDecoder,
  type WatchEvent,
  type WatchRequest,
} from "@krm/core";
import { wallNow } from "./messages.ts";
import { ObjectTemplate, resourceVersion } from "./simulated-objects.ts";

/** The scope that the bench watches. */
export const SCOPE: Scope = { resource: PODS };

/** Events in one chunk of a watch at most. */
export const CHUNK_EVENTS = 64;

/** Changes are spread over the objects by this stride. */
const STRIDE = 7919;

/**
 * A cluster in this process: lists and watches are made as bytes and decoded as they are behind HTTP, so that all is
 * paid but the network.
 */
export class SimulatedCluster implements ListWatch {
  readonly scope: Scope = SCOPE;
  readonly #objects: number;
  /** The version of each object, counted from 0. */
  readonly #versions: Uint32Array;
  readonly #item: ObjectTemplate;
  readonly #frame: ObjectTemplate;
  readonly #chunk: Buffer;
  #version: number;
  #turn = 0;
  #emitted = 0;
  #offered = Promise.withResolvers<void>();
  /** A chunk for the watch; `taken` when it was decoded. */
  #pending: { readonly bytes: Buffer; readonly taken: () => void } | undefined;

  /** @param bytes of each object as JSON, about */
  constructor(objects: number, bytes: number) {
    this.#objects = objects;
    this.#versions = Uint32Array.from({ length: objects }, (_, index) => index + 1);
    this.#version = objects;
    this.#item = new ObjectTemplate(bytes, "{", ",");
    const before = '{"type":"MODIFIED","object":{"kind":"Pod","apiVersion":"v1",';
    this.#frame = new ObjectTemplate(bytes, before, "}\n");
    this.#chunk = Buffer.allocUnsafeSlow(CHUNK_EVENTS * this.#frame.bytes.length);
  }

  /** The newest resourceVersion. */
  get version(): string {
    return resourceVersion(this.#version);
  }

  /** How many events the watch was told. */
  get emitted(): number {
    return this.#emitted;
  }

  /** The size of an object as JSON, in bytes. */
  get objectBytes(): number {
    return this.#item.bytes.length - 1;
  }

  async list({ limit = this.#objects, continue: from = "0" }: ListRequest): Promise<ListPage> {
    const start = Number(from);
    const end = Math.min(start + limit, this.#objects);
    const left = this.#objects - end;
    const rest = left > 0 ? `,"continue":"${end}","remainingItemCount":${left}` : "";
    const head = `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"${this.version}"${rest}},"items":[`;
    const body = Buffer.allocUnsafeSlow(head.length + (end - start) * this.#item.bytes.length + 1);
    let at = body.write(head, 0, "latin1");
    for (let index = start; index < end; index++)
      at = this.#item.write(body, at, { index, version: this.#versions[index]!, emitted: 0 });
    // Over the last comma.
    body.write("]}", at - 1, "latin1");
    return decodeListPage(body);
  }

  async watch(
    { initialEvents }: WatchRequest,
    { signal }: CallOptions = {},
  ): Promise<AsyncIterable<readonly WatchEvent[]>> {
    if (initialEvents === true) {
      const status = { code: 422, reason: "Invalid", message: "no streaming lists", retryAfterSeconds: undefined };
      throw new KrmError("KRM_API_STATUS", status.message, { status });
    }
    return this.#events(signal ?? new AbortController().signal);
  }

  async get(): Promise<undefined> {
    return undefined;
  }

  async *#events(signal: AbortSignal): AsyncGenerator<readonly WatchEvent[]> {
    const decoder = new WatchDecoder();
    for (;;) {
      if (this.#pending === undefined) await untilAborted(this.#offered.promise, signal);
      const { bytes, taken } = this.#pending!;
      this.#pending = undefined;
      this.#offered = Promise.withResolvers<void>();
      const events = decoder.push(bytes);
      if (decoder.error !== undefined) throw decoder.error;
      yield events;
      taken();
    }
  }

  /** Changes so many objects ({@link CHUNK_EVENTS} at most), tells the watch, and resolves when it has taken that. */
  async emit(events: number): Promise<void> {
    const emitted = wallNow();
    this.#emitted += events;
    let at = 0;
    for (let n = 0; n < events; n++) {
      const index = this.#change();
      at = this.#frame.write(this.#chunk, at, { index, version: this.#version, emitted });
    }
    await this.#send(this.#chunk.subarray(0, at));
  }

  /** Changes so many objects without a word to the watch: as if it had lost those events. */
  changeSilently(changes: number): void {
    for (let n = 0; n < changes; n++) this.#change();
  }

  /** Tells the watch that it was told everything. */
  async bookmark(): Promise<void> {
    const metadata = { resourceVersion: this.version };
    const frame = { type: "BOOKMARK", object: { kind: "Pod", apiVersion: "v1", metadata } };
    await this.#send(Buffer.from(`${JSON.stringify(frame)}\n`));
  }

  #change(): number {
    const index = (this.#turn++ * STRIDE) % this.#objects;
    this.#versions[index] = ++this.#version;
    return index;
  }

  async #send(bytes: Buffer): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pending = { bytes, taken: resolve };
    this.#offered.resolve();
    await promise;
  }
}
