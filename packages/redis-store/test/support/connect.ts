import {
  connectRedis,
  type RedisConnection,
  type RedisConnectionOptions,
} from "../../src/connection/redis-connection.ts";
import { parseRedisUrl } from "../../src/connection/redis-url.ts";
import { logSpy } from "./log-spy.ts";

/** Connects with a log that nobody reads, where the options have none. */
export function connect(url: string, options: Partial<RedisConnectionOptions> = {}): RedisConnection {
  return connectRedis(parseRedisUrl(url), { logger: logSpy(), ...options });
}

/** The next time that it connects. */
export function connected(connection: RedisConnection): Promise<void> {
  return new Promise((resolve) => {
    const end = connection.onConnect(() => {
      end();
      resolve();
    });
  });
}

/** The next event of the client for commands. Not `once` of Node.js: it rejects at each error. */
export function event(connection: RedisConnection, name: "ready" | "close" | "end"): Promise<void> {
  return new Promise((resolve) => {
    connection.client.once(name, () => resolve());
  });
}

/** A listener whose calls can be waited for. */
export interface Ear {
  readonly listener: () => void;
  calls(): number;
  /** Resolves at the next call. */
  heard(): Promise<void>;
}

export function ear(): Ear {
  let calls = 0;
  let told: (() => void) | undefined;
  return {
    listener: () => {
      calls += 1;
      told?.();
    },
    calls: () => calls,
    heard: () =>
      new Promise((resolve) => {
        told = resolve;
      }),
  };
}
