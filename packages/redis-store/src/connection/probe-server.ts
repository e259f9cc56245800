import type { Clock, Logger } from "@krm/core";
import type { Redis } from "ioredis";
import type { RedisTarget } from "./redis-target.ts";
import { storeError } from "./store-error.ts";

const PAUSE_MS = 250;

/**
 * Asks a new connection whether it is good for anything: resolves when the server answers, waits while it loads its
 * data, and rejects where it refuses. Behind Sentinels it also has to be a master, for they may be late to know; and it
 * is not waited for, for they may name another one any moment. A user who may not ask is taken for one who may work.
 */
export async function probeServer(
  client: Redis,
  at: {
    readonly target: RedisTarget;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { target, clock, logger, signal } = at;
  let told = false;
  for (;;) {
    try {
      await client.ping();
      break;
    } catch (error) {
      const words = (error as Error).message;
      if (words.startsWith("NOPERM")) break;
      if (target.type !== "single" || !/^(?:LOADING|MASTERDOWN) /.test(words)) throw error;
      if (!told) logger.warn({ error: storeError(error, target).message }, "the store is not ready");
      told = true;
    }
    await clock.sleep(PAUSE_MS, { signal });
  }
  if (target.type !== "sentinel") return;
  const role = await client.role().catch((error: Error) => {
    if (error.message.startsWith("NOPERM")) return ["master"];
    throw error;
  });
  const [named] = role as readonly unknown[];
  if (named !== "master") throw new Error(`the Sentinels named a ${String(named)} as the master`);
}
