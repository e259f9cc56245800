import { Redis, type RedisOptions } from "ioredis";
import { KrmError } from "@krm/core";
import { type Address, describeAddress, type SentinelTarget } from "./redis-target.ts";
import { SentinelFailure } from "./sentinel-failure.ts";
import { weightOf } from "./store-error.ts";

/**
 * Asks the Sentinels of a target for the master, one after the other. It begins with the one that knew it last.
 *
 * @param options for the clients; `host` and `port` are set here
 */
export function sentinelLookup(
  target: SentinelTarget,
  options: RedisOptions,
  signal: AbortSignal,
): () => Promise<Address> {
  let order = target.sentinels;
  return async () => {
    const failures: SentinelFailure[] = [];
    const ignorant: string[] = [];
    for (const sentinel of order) {
      signal.throwIfAborted();
      try {
        const master = await ask(sentinel, target.masterName, options, signal);
        if (master !== undefined) {
          order = [sentinel, ...order.filter((other) => other !== sentinel)];
          return master;
        }
        ignorant.push(describeAddress(sentinel));
      } catch (error) {
        failures.push(new SentinelFailure(describeAddress(sentinel), error));
      }
    }
    if (ignorant.length > 0) throw unknownMaster(target, ignorant);
    const telling = failures.find((failure) => weightOf(failure, target) === "refused") ?? failures[0];
    throw telling ?? new Error("there is no Sentinel to ask");
  };
}

function unknownMaster({ masterName }: SentinelTarget, ignorant: readonly string[]): KrmError {
  const who = ignorant.length === 1 ? `Sentinel ${ignorant[0]} knows` : `the Sentinels ${ignorant.join(", ")} know`;
  return new KrmError("KRM_STORE_FAILED", `${who} no master named ${JSON.stringify(masterName)}`, {
    hint: "write the name as in `SENTINEL MASTERS`: redis+sentinel://HOST:26379/NAME",
  });
}

async function ask(
  { host, port }: Address,
  masterName: string,
  options: RedisOptions,
  signal: AbortSignal,
): Promise<Address | undefined> {
  const client = new Redis({ ...options, host, port });
  let reason: Error | undefined;
  client.on("error", (error: Error) => {
    reason ??= error;
  });
  const stop = (): void => client.disconnect();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await client.connect();
    const answer = await client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName);
    if (!Array.isArray(answer)) return undefined;
    const [masterHost, masterPort] = answer as readonly unknown[];
    return { host: String(masterHost), port: Number(masterPort) };
  } catch (error) {
    // What a client that could not connect rejects with says only that it is closed.
    throw reason ?? error;
  } finally {
    signal.removeEventListener("abort", stop);
    client.disconnect();
  }
}
