import { type Clock, type KrmError, type Logger, systemClock } from "@krm/core";
import type { Cluster, Redis } from "ioredis";
import { probeServer } from "./probe-server.ts";
import { ReconnectingClient } from "./reconnecting-client.ts";
import { commandClient, notificationClient, type RedisClient } from "./redis-clients.ts";
import type { RedisTarget } from "./redis-target.ts";
import { storeError } from "./store-error.ts";
import { Subscriptions } from "./subscriptions.ts";

/** What {@link connectRedis} can be told. */
export interface RedisConnectionOptions {
  readonly logger: Logger;
  readonly clock?: Clock;
  /** A number in [0, 1), for the pauses between attempts. @default Math.random */
  readonly random?: () => number;
  /** A command without an answer fails after this long, and its connection is made anew. @default 10_000 */
  readonly commandTimeoutMs?: number;
  /** For TCP and TLS together. @default 5_000 */
  readonly connectTimeoutMs?: number;
  /** Idle connections are tried this often, so that a dead one is found before it is needed. @default 10_000 */
  readonly heartbeatMs?: number;
}

/**
 * The connections of one store to its server: one for commands, and one for notifications from the first subscription
 * on. Both connect again by themselves, for ever. Nothing is queued and nothing is sent twice: a command fails at once
 * while there is no connection, and fails when the connection breaks before its answer came; it may have been carried
 * out then. Only redirections within a cluster are followed.
 *
 * Disposing ends both; nothing is left running.
 */
export interface RedisConnection extends AsyncDisposable {
  readonly target: RedisTarget;
  /** The same one for ever, connected or not. Its errors are ioredis' own: see `run` and `error`. */
  readonly client: RedisClient;
  /** Its connection is made with the first subscription. */
  readonly subscriptions: Subscriptions;
  /** Whether commands have a connection that proved good. */
  readonly connected: boolean;
  /** Why there is none, where there is none: as `run` would throw it. */
  readonly failure: KrmError | undefined;
  /**
   * Resolves when connected. Rejects with the signal's reason; and with `KRM_STORE_FAILED` at the first refusal that
   * waiting does not mend: password, rights, TLS, a host that does not exist, a file, a URL of the wrong kind. A server
   * that is down, loading or silent is waited for. Connecting goes on in both cases.
   */
  ready(signal?: AbortSignal): Promise<void>;
  /** Called after each connect, the first included, as soon as `run` works. Returns what ends that. */
  onConnect(listener: () => void): () => void;
  /**
   * Runs a command, or several.
   *
   * @throws KrmError `KRM_STORE_FAILED`: at once, without running it, while not connected; else as by `error`.
   * `KRM_STORE_CLOSED` after disposal.
   */
  run<Reply>(command: (client: RedisClient) => Promise<Reply>): Promise<Reply>;
  /** What an error of the client means, as `KRM_STORE_FAILED` with a hint. A KrmError stays as it is. */
  error(error: unknown): KrmError;
  /** The servers that take writes: the one, or every master of the cluster as known now. */
  masters(): readonly Redis[];
}

/** Begins to connect, and returns at once. */
export function connectRedis(target: RedisTarget, options: RedisConnectionOptions): RedisConnection {
  return new TargetConnection(target, options);
}

class TargetConnection implements RedisConnection {
  readonly target: RedisTarget;
  readonly subscriptions: Subscriptions;
  readonly #closed = new AbortController();
  readonly #commands: ReconnectingClient<RedisClient>;

  constructor(target: RedisTarget, options: RedisConnectionOptions) {
    const { logger, clock = systemClock, random = Math.random, heartbeatMs = 10_000 } = options;
    const { commandTimeoutMs = 10_000, connectTimeoutMs = 5_000 } = options;
    const common = { target, logger, clock, random, heartbeatMs };
    const plan = { target, commandTimeoutMs, connectTimeoutMs, random, signal: this.#closed.signal };
    this.target = target;
    this.#commands = new ReconnectingClient<RedisClient>({
      ...common,
      client: commandClient(plan, (error) => this.#noteSocket(error)),
      purpose: "commands",
      probe: async (client, signal) => {
        if (!client.isCluster) await probeServer(client as Redis, { target, clock, logger, signal });
      },
      heartbeat: () => {
        for (const master of this.masters()) if (master.status === "ready") master.ping().catch(() => {});
      },
    });
    this.subscriptions = new Subscriptions({
      ...common,
      make: () => notificationClient(plan, this.client),
    });
    if (target.type === "cluster") {
      // It has been told the slots. Where it ends before it is ready, it is because of its state, and says nothing.
      this.client.on("connect", () => this.#commands.note(new Error("cluster_state is not ok")));
    }
    // After a failover, the notifications may hang on a server that nobody publishes to any more.
    this.#commands.onUp(() => this.subscriptions.check());
    this.#commands.start();
  }

  get client(): RedisClient {
    return this.#commands.client;
  }

  get connected(): boolean {
    return this.#commands.up;
  }

  get failure(): KrmError | undefined {
    return this.#commands.up ? undefined : this.#commands.unavailable();
  }

  ready(signal?: AbortSignal): Promise<void> {
    return this.#commands.ready(signal);
  }

  onConnect(listener: () => void): () => void {
    return this.#commands.onUp(listener);
  }

  async run<Reply>(command: (client: RedisClient) => Promise<Reply>): Promise<Reply> {
    if (!this.#commands.up) throw this.#commands.unavailable();
    try {
      return await command(this.client);
    } catch (error) {
      throw this.error(error);
    }
  }

  error(error: unknown): KrmError {
    return storeError(error, this.target);
  }

  masters(): readonly Redis[] {
    const { client } = this;
    return client.isCluster ? (client as Cluster).nodes("master") : [client as Redis];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await Promise.all([this.#commands[Symbol.asyncDispose](), this.subscriptions[Symbol.asyncDispose]()]);
  }

  /** While a cluster stands, one of many sockets is no reason for anything. */
  #noteSocket(error: Error): void {
    if (!this.connected) this.#commands.note(error);
  }
}
