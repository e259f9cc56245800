import { KrmError, type Logger } from "@krm/core";
import { checkServer } from "./connection/check-server.ts";
import type { RedisConnection } from "./connection/redis-connection.ts";
import { checkFormat } from "./format.ts";
import { type Argument, type RedisLink, refusalOf } from "./redis-link.ts";
import { formatKey } from "./scope-keys.ts";
import { loadScripts } from "./scripts/load-scripts.ts";
import { defineScripts, type ScriptRunner } from "./scripts/script-runner.ts";
import type { Reply } from "./stored-state.ts";

/**
 * The store's link over a real connection. After each connect, the server is looked at before anything else is asked of
 * it: after a failover it is another one.
 */
export class ConnectedLink implements RedisLink {
  readonly #connection: RedisConnection;
  readonly #logger: Logger;
  readonly #scripts: ScriptRunner;
  /** The look at the server that is connected; it rejects where that cannot be used. */
  #checked: Promise<void> | undefined;
  /** That look is over, and it was in order. */
  #usable = false;
  /** An earlier look was in order. */
  #wasUsable = false;

  constructor(connection: RedisConnection, logger: Logger) {
    this.#connection = connection;
    this.#logger = logger;
    this.#scripts = defineScripts(connection.client, loadScripts());
    connection.onConnect(() => void this.#look());
    if (connection.connected) void this.#look();
  }

  /** Resolves when the server that is connected can be used. */
  async check(): Promise<void> {
    if (this.#usable) return;
    this.#checked ??= this.#look();
    await this.#checked;
  }

  async script(name: string, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    return this.#run(async () => this.#scripts.run(name, keys, args) as Promise<Reply>);
  }

  async command(name: string, ...args: readonly Argument[]): Promise<Reply> {
    return this.#run(async () => this.#connection.client.callBuffer(name, ...args) as Promise<Reply>);
  }

  listen(channel: string, listener: () => void): () => void {
    return this.#connection.subscriptions.subscribe(channel, listener);
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#usable && this.#connection.connected) await this.check();
    return this.#connection.run(async () => {
      try {
        return await work();
      } catch (error) {
        // Which also takes the command's arguments off the error: they may be objects.
        const told = this.#connection.error(error);
        throw (error instanceof Error ? refusalOf(error.message, error) : undefined) ?? told;
      }
    });
  }

  #look(): Promise<void> {
    this.#usable = false;
    const looking = this.#lookAtServer().then(() => {
      if (this.#checked === looking) this.#usable = true;
      this.#wasUsable = true;
    });
    this.#checked = looking;
    looking.catch((error: unknown) => {
      // What can never be used stays so until the next connect; anything else is looked at again by who asks next.
      if (this.#checked === looking && !KrmError.is(error, "KRM_STORE_UNUSABLE")) this.#checked = undefined;
    });
    return looking;
  }

  async #lookAtServer(): Promise<void> {
    try {
      await checkServer(this.#connection, { logger: this.#logger });
    } catch (error) {
      // One that was good is another one now, or a replica for a moment: that may pass.
      if (!this.#wasUsable || !KrmError.is(error, "KRM_STORE_UNUSABLE")) throw error;
      throw new KrmError("KRM_STORE_FAILED", error.message, { cause: error, hint: error.hint });
    }
    const { prefix } = this.#connection.target;
    const found = await this.#connection.run(async (client) => client.get(formatKey(prefix)));
    checkFormat(found ?? undefined, prefix);
  }
}
