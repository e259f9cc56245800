import type { ChainableCommander, RedisValue } from "ioredis";
import type { RedisClient } from "../connection/redis-clients.ts";
import type { LuaScript } from "./load-scripts.ts";

/** Runs scripts by their names. Keys and arguments go as they are; replies come with Buffers for strings. */
export interface ScriptRunner<Name extends string = string> {
  /** Sends the script's digest; its text only once per connection, and again when the server has forgotten it. */
  run(name: Name, keys: readonly (string | Buffer)[], args: readonly RedisValue[]): Promise<unknown>;
  /** The same within a pipeline. Within a transaction, a script that the server has forgotten fails (NOSCRIPT). */
  queue(
    pipeline: ChainableCommander,
    name: Name,
    keys: readonly (string | Buffer)[],
    args: readonly RedisValue[],
  ): ChainableCommander;
}

/** Kept apart from the commands of the server, which have no colon. */
const PREFIX = "krm:";

/**
 * Makes scripts known to a client, under names that no command has. In a cluster, all keys of a script must be in one
 * slot.
 */
export function defineScripts<Name extends string = string>(
  client: RedisClient,
  scripts: readonly LuaScript[],
): ScriptRunner<Name> {
  const numberOfKeys = new Map<string, number>();
  for (const script of scripts) {
    client.defineCommand(PREFIX + script.name, { lua: script.lua, numberOfKeys: script.numberOfKeys });
    numberOfKeys.set(script.name, script.numberOfKeys);
  }
  const call = (on: object, name: string, keys: readonly (string | Buffer)[], args: readonly RedisValue[]): unknown => {
    const wanted = numberOfKeys.get(name);
    if (wanted === undefined) throw new Error(`there is no script ${name}`);
    if (wanted !== keys.length) throw new Error(`the script ${name} takes ${wanted} keys, not ${keys.length}`);
    const command = (on as Record<string, unknown>)[`${PREFIX}${name}Buffer`] as (
      ...all: readonly unknown[]
    ) => unknown;
    return command.call(on, ...keys, ...args);
  };
  return {
    run: async (name, keys, args) => call(client, name, keys, args),
    queue: (pipeline, name, keys, args) => {
      call(pipeline, name, keys, args);
      return pipeline;
    },
  };
}
