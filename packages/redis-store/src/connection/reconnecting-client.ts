import { backoffMs, type Clock, DEFAULT_BACKOFF, KrmError, type Logger } from "@krm/core";
import type { Cluster, Redis } from "ioredis";
import { describeTarget, type RedisTarget } from "./redis-target.ts";
import { storeError, weightOf } from "./store-error.ts";

const BACKOFF = { ...DEFAULT_BACKOFF, firstMs: 50, maxMs: 2000 };
/** How long a closing client may take to say goodbye to a server that does not listen. */
const FAREWELL_MS = 1000;

/** What a {@link ReconnectingClient} is made of. */
export interface ReconnectingClientOptions<Client extends Redis | Cluster> {
  /** Made with `lazyConnect` and without a retry strategy: when to connect is decided here. */
  readonly client: Client;
  readonly target: RedisTarget;
  /** What it is for, in the log: `commands`, `notifications`. */
  readonly purpose: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Whether a new connection is good for anything. Rejecting drops it. */
  readonly probe: (client: Client, signal: AbortSignal) => Promise<void>;
  /** Called every now and then while connected: what makes a dead connection show itself. */
  readonly heartbeat: (client: Client) => void;
  readonly heartbeatMs: number;
}

interface Waiter {
  resolve(): void;
  reject(reason: unknown): void;
}

/**
 * A client that connects again by itself, for ever, after pauses that grow to 2 s. It never emits an error that nobody
 * listens to, and tells in the log when a connection was lost, why it cannot be had, and when it is back.
 */
export class ReconnectingClient<Client extends Redis | Cluster> implements AsyncDisposable {
  readonly client: Client;
  readonly #options: ReconnectingClientOptions<Client>;
  readonly #closed = new AbortController();
  readonly #onUp = new Set<() => void>();
  readonly #waiting = new Set<Waiter>();
  /** The nodes of a cluster that have been told of. */
  readonly #failing = new Set<string>();
  /** Aborts when the current connection ends. */
  #connection: AbortController | undefined;
  #up = false;
  #wasUp = false;
  #failures = 0;
  /** What the current attempt, or connection, failed with. */
  #reason: unknown;
  #refused = false;
  #failure: KrmError | undefined;

  constructor(options: ReconnectingClientOptions<Client>) {
    this.client = options.client;
    this.#options = options;
  }

  /** Connects for the first time. */
  start(): void {
    const client = this.client as Redis;
    client.on("error", (error: Error & { readonly command?: { readonly name?: string } }) => {
      this.note(error);
      // ioredis goes on after this, in database 0.
      if (error.command?.name === "select") client.disconnect(true);
    });
    client.on("node error", (error: Error, node: string) => this.#noteNode(error, node));
    client.on("+node", (node: Redis) => {
      node.on("ready", () => this.#failing.delete(`${node.options.host}:${node.options.port}`));
    });
    client.on("ready", () => void this.#opened());
    client.on("close", () => this.#down());
    client.on("end", () => void this.#ended());
    void this.#beatOnAndOn();
    this.#connect();
  }

  /** Whether there is a connection that has proved good. */
  get up(): boolean {
    return this.#up;
  }

  /** Called after each connect, in the order of registration. Returns what takes it back. */
  onUp(listener: () => void): () => void {
    const own = (): void => listener();
    this.#onUp.add(own);
    return () => this.#onUp.delete(own);
  }

  /** One heartbeat, now. */
  beat(): void {
    if (this.#up) this.#options.heartbeat(this.client);
  }

  /** Why there is no connection, where there is none: `KRM_STORE_FAILED`, or `KRM_STORE_CLOSED`. */
  unavailable(): KrmError {
    if (this.#closed.signal.aborted) return closedError();
    const { target } = this.#options;
    return (
      this.#failure ??
      new KrmError("KRM_STORE_FAILED", `${describeTarget(target)}: not connected yet`, {
        hint: "it is tried again by itself",
      })
    );
  }

  /** Keeps an error as the reason why there is no connection, unless a more telling one is known. */
  note(error: unknown): void {
    const { target } = this.#options;
    const ranks = ["vague", "passing", "refused"];
    const rank = (reason: unknown): number => (reason === undefined ? -1 : ranks.indexOf(weightOf(reason, target)));
    const [now, before] = [rank(error), rank(this.#reason)];
    if (now > before || (now === before && now > 0)) this.#reason = error;
  }

  /** A node of a cluster fails: while the cluster stands, that is worth a line, until it works again. */
  #noteNode(error: Error, node: string): void {
    if (!this.#up) return this.note(error);
    if (this.#failing.has(node)) return;
    this.#failing.add(node);
    const { logger, target } = this.#options;
    const { message } = storeError(error, target);
    logger.warn({ error: message, node }, "a node of the store's cluster cannot be reached");
  }

  /** Resolves when connected; rejects with the signal's reason, or when the server refuses (see {@link weightOf}). */
  async ready(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#up) return;
    if (this.#closed.signal.aborted || this.#refused) throw this.unavailable();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { resolve, reject };
    const abort = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    this.#waiting.add(waiter);
    try {
      await promise;
    } finally {
      this.#waiting.delete(waiter);
      signal?.removeEventListener("abort", abort);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#down();
    this.#closed.abort();
    for (const waiter of this.#waiting) waiter.reject(closedError());
    const client = this.client as Redis;
    if (client.status === "end" || client.status === "wait") return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, FAREWELL_MS);
    client.once("end", resolve);
    client.disconnect();
    await promise;
    clearTimeout(timer);
  }

  #connect(): void {
    this.#reason = undefined;
    (this.client as Redis).connect().catch((error: unknown) => this.note(error));
  }

  async #opened(): Promise<void> {
    const { probe, logger, target, purpose } = this.#options;
    this.#connection?.abort();
    const connection = new AbortController();
    this.#connection = connection;
    try {
      await probe(this.client, connection.signal);
    } catch (error) {
      if (connection.signal.aborted) return;
      this.note(error);
      this.client.disconnect(true);
      return;
    }
    if (connection.signal.aborted || this.#closed.signal.aborted) return;
    if (this.#failure !== undefined) {
      logger.info({ store: describeTarget(target), purpose }, "the store can be reached again");
    }
    this.#up = true;
    this.#wasUp = true;
    this.#failures = 0;
    this.#reason = undefined;
    this.#refused = false;
    this.#failure = undefined;
    for (const waiter of this.#waiting) waiter.resolve();
    for (const listener of this.#onUp) this.#call(listener);
  }

  #call(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#options.logger.error({ error: String(error) }, "what follows a connect to the store failed");
    }
  }

  #down(): void {
    this.#up = false;
    this.#connection?.abort();
  }

  /** The client has given up: say so, and try again later. */
  async #ended(): Promise<void> {
    this.#down();
    if (this.#closed.signal.aborted) return;
    const { target, clock, random } = this.#options;
    const reason = this.#reason ?? new Error("Connection is closed.");
    const before = this.#failure?.message;
    this.#failure = this.#explained(reason);
    this.#refused = weightOf(reason, target) === "refused";
    if (this.#failure.message !== before) this.#tell(this.#failure);
    if (this.#refused) for (const waiter of this.#waiting) waiter.reject(this.#failure);
    this.#failures += 1;
    try {
      await clock.sleep(backoffMs(this.#failures, random(), undefined, BACKOFF), { signal: this.#closed.signal });
    } catch {
      return;
    }
    this.#connect();
  }

  #explained(reason: unknown): KrmError {
    const { target } = this.#options;
    const failure = storeError(reason, target);
    if (this.#wasUp || weightOf(reason, target) !== "vague") return failure;
    return new KrmError(failure.code, failure.message, { cause: reason, hint: hangUpHint(target) });
  }

  #tell({ message, hint }: KrmError): void {
    const { logger, purpose } = this.#options;
    logger.warn({ error: message, ...(hint === undefined ? {} : { hint }), purpose }, "the store cannot be reached");
  }

  async #beatOnAndOn(): Promise<void> {
    const { clock, heartbeatMs } = this.#options;
    try {
      for (;;) {
        await clock.sleep(heartbeatMs, { signal: this.#closed.signal });
        this.beat();
      }
    } catch {
      // Closed.
    }
  }
}

/** Of those who hang up on a newcomer without a word, most want something that he does not bring. */
function hangUpHint({ tls }: RedisTarget): string | undefined {
  if (tls === undefined) return "does this port want TLS? Then write rediss instead of redis";
  if (tls.certFile === undefined) return "does it want a client certificate? Then give one: ?cert=FILE&key=FILE";
  return undefined;
}

function closedError(): KrmError {
  return new KrmError("KRM_STORE_CLOSED", "the connection to the store is closed");
}
