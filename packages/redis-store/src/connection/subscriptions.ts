import type { Clock, Logger } from "@krm/core";
import type { Redis } from "ioredis";
import { ReconnectingClient } from "./reconnecting-client.ts";
import type { NotificationClient } from "./redis-clients.ts";
import type { RedisTarget } from "./redis-target.ts";
import { storeError } from "./store-error.ts";

/** What {@link Subscriptions} are made of. */
export interface SubscriptionsOptions {
  /** Called with the first subscription. */
  readonly make: () => NotificationClient;
  readonly target: RedisTarget;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly heartbeatMs: number;
}

/** One call of `subscribe`. */
interface Subscription {
  readonly listener: () => void;
}

interface Channel {
  readonly subscriptions: Set<Subscription>;
  /** On the present connection: not asked for (or refused), asked for, or confirmed. */
  state: "idle" | "asked" | "live";
}

/**
 * Many listeners to many channels over one connection, which is made with the first of them. It comes back by itself;
 * what was published in the meantime is lost, and that is why listeners are also called then. A listener learns that
 * something may have happened, not what, and may be called without need.
 */
export class Subscriptions implements AsyncDisposable {
  readonly #options: SubscriptionsOptions;
  readonly #channels = new Map<string, Channel>();
  #connection: ReconnectingClient<Redis> | undefined;
  #closed = false;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /**
   * Calls `listener` for each message in a channel, and once each time that the subscription has come about: from that
   * call on, nothing is missed until the next one. It is never called before `subscribe` returns. What it throws is
   * logged. Returns what ends the subscription.
   */
  subscribe(name: string, listener: () => void): () => void {
    const subscription = { listener };
    if (this.#closed) return () => {};
    const known = this.#channels.get(name);
    const channel = known ?? { subscriptions: new Set(), state: "idle" };
    channel.subscriptions.add(subscription);
    if (known === undefined) {
      this.#channels.set(name, channel);
      const connection = this.#connected();
      if (connection.up) void this.#subscribe([name]);
    } else if (known.state === "live") {
      queueMicrotask(() => {
        if (channel.subscriptions.has(subscription)) this.#call(subscription);
      });
    }
    return () => this.#leave(name, channel, subscription);
  }

  /** Looks whether the connection still is the right one, and alive: there are signs that it is not. */
  check(): void {
    this.#connection?.beat();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#channels.clear();
    await this.#connection?.[Symbol.asyncDispose]();
  }

  #leave(name: string, channel: Channel, subscription: Subscription): void {
    channel.subscriptions.delete(subscription);
    if (channel.subscriptions.size > 0 || this.#channels.get(name) !== channel) return;
    this.#channels.delete(name);
    const connection = this.#connection;
    if (connection?.up === true) connection.client.unsubscribe(name).catch(() => {});
  }

  #connected(): ReconnectingClient<Redis> {
    if (this.#connection !== undefined) return this.#connection;
    const { make, target, logger, clock, random, heartbeatMs } = this.#options;
    const { client, belongs } = make();
    const connection = new ReconnectingClient({
      client,
      target,
      logger,
      clock,
      random,
      heartbeatMs,
      purpose: "notifications",
      probe: async (client) => {
        await client.ping();
      },
      heartbeat: (client) => {
        if (!belongs()) return client.disconnect(true);
        client.ping().catch(() => {});
        // One that was refused may be allowed by now.
        for (const [name, { state }] of this.#channels) if (state === "idle") void this.#subscribe([name]);
      },
    });
    client.on("message", (name: string) => this.#callAll(name));
    client.on("close", () => {
      this.#mark([...this.#channels.keys()], "idle");
    });
    connection.onUp(() => void this.#subscribe([...this.#channels.keys()]));
    this.#connection = connection;
    connection.start();
    return connection;
  }

  async #subscribe(names: readonly string[]): Promise<void> {
    const connection = this.#connection;
    if (names.length === 0 || connection === undefined) return;
    this.#mark(names, "asked");
    try {
      await connection.client.subscribe(...names);
    } catch (error) {
      this.#mark(names, "idle");
      // A connection that breaks is told of elsewhere, and made anew.
      if (!connection.up) return;
      const { message, hint } = storeError(error, this.#options.target);
      this.#options.logger.error({ error: message, hint, channels: names }, "the store's notifications are not heard");
      return;
    }
    this.#mark(names, "live");
    for (const name of names) this.#callAll(name);
  }

  #mark(names: readonly string[], state: Channel["state"]): void {
    for (const name of names) {
      const channel = this.#channels.get(name);
      if (channel !== undefined) channel.state = state;
    }
  }

  #callAll(name: string): void {
    for (const subscription of this.#channels.get(name)?.subscriptions ?? []) this.#call(subscription);
  }

  #call({ listener }: Subscription): void {
    try {
      listener();
    } catch (error) {
      this.#options.logger.error({ error: String(error) }, "a listener to the store's notifications failed");
    }
  }
}
