import { KrmError } from "@krm/core";
import { quoted, redisAuthority, type RedisOptions } from "./redis-conf.ts";
import { launchRedis, type RedisServer, startRedis } from "./redis-server.ts";
import { waitUntil } from "./wait-until.ts";

const NAME = "mymaster";
const SENTINELS = 3;
/**
 * Each sentinel finds the master dead so much later than the one before, and needs no other to find so (quorum 1). Those
 * that do at the same moment all stand for election, each votes for itself, and nobody tries again for a while. A
 * majority must vote for the one that acts, whatever the quorum.
 */
const STAGGER_MS = 500;
const READY_MS = 15_000;
const FAILOVER_MS = 20_000;

/** What {@link startRedisSentinel} can be told; the rest goes to master and replica. */
export interface RedisSentinelOptions extends Pick<RedisOptions, "binary" | "password" | "appendonly" | "config"> {
  /** How long a master must be silent before a sentinel takes it for dead. Default 1000: less, and a busy machine is enough. */
  readonly downAfterMs?: number | undefined;
}

/** Who was the master, and who is. */
export interface RedisFailover {
  /** Killed. `restart({ replicaOf: now })` brings it back at once; without, the sentinels take some seconds to make it a replica. */
  readonly before: RedisServer;
  readonly now: RedisServer;
}

/** A master and a replica, watched by three sentinels, of which two must be there for a failover. */
export interface RedisSentinel extends AsyncDisposable {
  /** `redis+sentinel://127.0.0.1:PORT,127.0.0.1:PORT,127.0.0.1:PORT/mymaster` */
  readonly url: string;
  /** The two servers, in no order that would last. */
  readonly nodes: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  /** Whom the sentinels name now, those of them that run. Throws where they do not agree. */
  master(): Promise<RedisServer>;
  /**
   * Kills the master, and resolves once all sentinels name the other server and that one takes writes: some two
   * seconds. What the master had not yet told its replica is lost. The other server must run.
   */
  failover(): Promise<RedisFailover>;
}

/**
 * Starts them, and waits until all know each other, which takes less than a second.
 *
 * @example
 * await using sentinel = await startRedisSentinel();
 * const { before, now } = await sentinel.failover();
 * await before.restart({ replicaOf: now });
 */
export async function startRedisSentinel(options: RedisSentinelOptions = {}): Promise<RedisSentinel> {
  const { downAfterMs = 1000, ...server } = options;
  const started: RedisServer[] = [];
  const keep = (redis: RedisServer): RedisServer => {
    started.push(redis);
    return redis;
  };
  const dispose = async (): Promise<void> => {
    await Promise.all(started.map((redis) => redis[Symbol.asyncDispose]()));
  };
  try {
    const master = keep(await startRedis(server));
    const replica = keep(await startRedis({ ...server, replicaOf: master }));
    await waitUntil("the replica is in step", READY_MS, async () => inStep(replica));
    const sentinels: RedisServer[] = [];
    for (let index = 0; index < SENTINELS; index++) {
      const lines = sentinelLines(master.port, downAfterMs + index * STAGGER_MS, options.password);
      const sentinel = keep(await launchRedis({ binary: options.binary, lines, mode: "sentinel" }));
      await hurry(sentinel);
      sentinels.push(sentinel);
    }
    for (const sentinel of sentinels) {
      await waitUntil("the sentinels know each other", READY_MS, async () => knowsAll(sentinel));
    }
    return new WatchedPair([master, replica], sentinels, options.password, dispose);
  } catch (error) {
    await dispose();
    throw error;
  }
}

class WatchedPair implements RedisSentinel {
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  readonly #dispose: () => Promise<void>;

  constructor(
    nodes: readonly RedisServer[],
    sentinels: readonly RedisServer[],
    password: string | undefined,
    dispose: () => Promise<void>,
  ) {
    this.nodes = nodes;
    this.sentinels = sentinels;
    this.#dispose = dispose;
    const ports = sentinels.map(({ port }) => port);
    this.url = `redis+sentinel://${redisAuthority(password, ports)}/${NAME}`;
  }

  async master(): Promise<RedisServer> {
    const ask = this.sentinels.map((sentinel) => sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME));
    const addresses = (await Promise.allSettled(ask)).flatMap((answer) =>
      answer.status === "fulfilled" ? [answer.value as readonly string[]] : [],
    );
    const ports = new Set(addresses.map(([, port]) => Number(port)));
    const master = this.nodes.find(({ port }) => ports.size === 1 && ports.has(port));
    if (master === undefined)
      throw new KrmError("KRM_NOT_READY", `the sentinels do not agree: they name ${[...ports].join(", ") || "none"}`);
    return master;
  }

  async failover(): Promise<RedisFailover> {
    const before = await this.master();
    await before.kill();
    const now = await waitUntil("the replica is the master", FAILOVER_MS, async () => {
      const master = await this.master();
      if (master === before) return undefined;
      const [role] = (await master.command("ROLE")) as readonly string[];
      return role === "master" ? master : undefined;
    });
    return { before, now };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#dispose();
  }
}

function sentinelLines(masterPort: number, downAfterMs: number, password: string | undefined): readonly string[] {
  return [
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} 1`,
    `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
    `sentinel failover-timeout ${NAME} 3000`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${NAME} ${quoted(password)}`]),
  ];
}

/** Shortens how often it asks and tells, and how long it does nothing after a pause of the whole machine. */
async function hurry(sentinel: RedisServer): Promise<void> {
  const periods = {
    "info-period": 200,
    "ping-period": 400,
    "ask-period": 100,
    "publish-period": 200,
    "tilt-period": 1000,
  };
  await sentinel.command("SENTINEL", "DEBUG", ...Object.entries(periods).flat());
}

async function inStep(replica: RedisServer): Promise<true | undefined> {
  return /^master_link_status:up\r$/m.test(String(await replica.command("INFO", "replication"))) || undefined;
}

async function knowsAll(sentinel: RedisServer): Promise<true | undefined> {
  const flat = (await sentinel.command("SENTINEL", "MASTER", NAME)) as readonly string[];
  const value = (name: string): string | undefined => flat[flat.indexOf(name) + 1];
  const all = value("num-slaves") === "1" && value("num-other-sentinels") === String(SENTINELS - 1);
  return all && value("flags") === "master" ? true : undefined;
}
