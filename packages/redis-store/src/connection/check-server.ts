import { KrmError, type Logger } from "@krm/core";
import type { Redis } from "ioredis";
import { describeAddress, describeTarget } from "./redis-target.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { evictionWarning, judgeServer, type NodeFacts, parseServerInfo } from "./server-facts.ts";

/** What the servers told. */
export interface ServerFacts {
  /** One, or every master of a cluster. Those that did not tell are left out. */
  readonly nodes: readonly NodeFacts[];
}

/**
 * Asks every server that takes writes what it is. To be run after each connect: it may be another one by then. In the
 * log it warns of one that may evict keys, and of one that does not tell.
 *
 * @throws KrmError `KRM_STORE_UNUSABLE` for a server that is too old, a replica, a Sentinel, or a node of a cluster
 * under a plain URL; `KRM_STORE_FAILED` when it cannot be asked.
 */
export async function checkServer(connection: RedisConnection, { logger }: { logger: Logger }): Promise<ServerFacts> {
  const masters = connection.masters();
  const told = await Promise.all(
    masters.map(async (master) => {
      const name = nodeName(master, connection);
      const facts = await connection.run(() => askInfo(master));
      if (facts === undefined) {
        logger.warn({ store: name }, "the store does not tell what it is: grant +info, or KRM cannot check it");
        return undefined;
      }
      const unusable = judgeServer(facts, connection.target.type);
      if (unusable !== undefined) {
        throw new KrmError("KRM_STORE_UNUSABLE", `${name} ${unusable.problem}`, { hint: unusable.hint });
      }
      const warning = evictionWarning(facts);
      if (warning !== undefined) {
        logger.warn({ store: name, hint: "set maxmemory-policy noeviction" }, `the store ${warning}`);
      }
      return facts;
    }),
  );
  return { nodes: told.filter((facts) => facts !== undefined) };
}

/** Which server it is, for messages. */
export function nodeName({ options: { host = "", port = 0 } }: Redis, { target }: RedisConnection): string {
  const name = describeTarget(target);
  return target.type === "cluster" ? `${name}: ${describeAddress({ host, port })}` : name;
}

/** Undefined: the user may not ask, or the answer tells nothing. All sections: older servers take one name only. */
async function askInfo(master: Redis): Promise<NodeFacts | undefined> {
  try {
    return parseServerInfo(await master.info());
  } catch (error) {
    if (error instanceof Error && error.message.startsWith("NOPERM")) return undefined;
    throw error;
  }
}
