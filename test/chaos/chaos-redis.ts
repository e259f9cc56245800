import { setTimeout as sleep } from "node:timers/promises";
import type { SeededRandom } from "@krm/testkit";
import { FaultProxy, type RedisStarter } from "@krm/testkit/servers";

/** Something that can go wrong with Redis; it is over when `make` resolves. */
export interface RedisFault {
  readonly name: string;
  readonly make: (random: SeededRandom) => Promise<void>;
}

/** A Redis that breaks when told to. */
export interface ChaosRedis extends AsyncDisposable {
  readonly url: string;
  readonly faults: readonly RedisFault[];
  /** Ends every fault. */
  heal(): Promise<void>;
  usedMib(): Promise<number>;
}

function usedMibOf(info: unknown): number {
  return Number(/used_memory:(\d+)/.exec(String(info))?.[1] ?? 0) / 1024 / 1024;
}

/** One server, that keeps its data on disk, behind a proxy: killed with and without its data, flushed, stopped, cut off. */
export async function singleChaosRedis(redis: RedisStarter): Promise<ChaosRedis> {
  const server = await redis.start({ appendonly: true });
  const proxy = new FaultProxy();
  await proxy.listen(server.port);
  const away = async (random: SeededRandom): Promise<void> => sleep(random.integer(200, 3000));
  return {
    url: `redis://127.0.0.1:${proxy.port}`,
    faults: [
      {
        name: "killed, back with its data",
        make: async (random) => {
          await server.kill();
          await away(random);
          await server.restart();
        },
      },
      {
        name: "killed, back without its data",
        make: async (random) => {
          await server.kill();
          await away(random);
          await server.restart({ keepData: false });
        },
      },
      { name: "FLUSHALL", make: async () => void (await server.command("FLUSHALL")) },
      {
        name: "DEBUG SLEEP",
        make: async (random) => void (await server.command("DEBUG", "SLEEP", random.integer(1, 3))),
      },
      {
        name: "cut off",
        make: async (random) => {
          await proxy.cut();
          await away(random);
          await proxy.heal();
        },
      },
      {
        name: "silent",
        make: async (random) => {
          proxy.stall();
          await away(random);
          await proxy.heal();
        },
      },
      { name: "connections broken", make: async () => proxy.breakConnections() },
    ],
    heal: async () => proxy.heal(),
    usedMib: async () => usedMibOf(await server.command("INFO", "memory")),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** A master and a replica behind three Sentinels: the master is killed, and what the replica had not got is lost. */
export async function sentinelChaosRedis(redis: RedisStarter): Promise<ChaosRedis> {
  const sentinel = await redis.startSentinel();
  return {
    url: sentinel.url,
    faults: [
      {
        name: "failed over",
        make: async () => {
          const { before, now } = await sentinel.failover();
          await before.restart({ replicaOf: now });
        },
      },
      {
        name: "FLUSHALL",
        make: async () => {
          const master = await sentinel.master();
          await master.command("FLUSHALL");
        },
      },
    ],
    heal: async () => {},
    usedMib: async () => {
      const master = await sentinel.master();
      return usedMibOf(await master.command("INFO", "memory"));
    },
    [Symbol.asyncDispose]: async () => sentinel[Symbol.asyncDispose](),
  };
}
