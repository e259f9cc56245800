import { redisAuthority, redisLines, type RedisOptions } from "./redis-conf.ts";
import { launchRedis, type RedisServer } from "./redis-server.ts";
import { waitUntil } from "./wait-until.ts";

const SLOTS = 16_384;
const HEALTHY_MS = 20_000;

/** What {@link startRedisCluster} can be told; the rest goes to each node. */
export interface RedisClusterOptions extends Pick<RedisOptions, "binary" | "password" | "appendonly" | "config"> {
  /** How many nodes, each a master with an equal share of the slots; at least three. Default 3. */
  readonly masters?: number | undefined;
}

/** A Redis Cluster of masters without replicas: with one of them away, no node serves any slot. */
export interface RedisCluster extends AsyncDisposable {
  /** `redis+cluster://127.0.0.1:PORT,127.0.0.1:PORT,…` */
  readonly url: string;
  readonly nodes: readonly RedisServer[];
  /** Resolves once every node knows all others and serves. A node that comes back takes two seconds. */
  healthy(): Promise<void>;
}

/**
 * Starts a cluster that is ready to use. It takes a bit more than two seconds: so long a node of Redis waits, whatever
 * it is told, before it takes writes.
 *
 * @example
 * await using cluster = await startRedisCluster();
 * await cluster.nodes[0]?.kill();
 */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { masters = 3, password } = options;
  const lines = ["cluster-enabled yes", "cluster-node-timeout 2000", ...redisLines(options)];
  const nodes: RedisServer[] = [];
  const dispose = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
  };
  try {
    for (let index = 0; index < masters; index++) {
      nodes.push(await launchRedis({ binary: options.binary, password, lines, mode: "cluster" }));
    }
    await join(nodes);
    await healthy(nodes);
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    url: `redis+cluster://${redisAuthority(
      password,
      nodes.map(({ port }) => port),
    )}`,
    nodes,
    healthy: () => healthy(nodes),
    [Symbol.asyncDispose]: dispose,
  };
}

async function join(nodes: readonly RedisServer[]): Promise<void> {
  for (const [index, node] of nodes.entries()) {
    const from = Math.floor((index * SLOTS) / nodes.length);
    const to = Math.floor(((index + 1) * SLOTS) / nodes.length) - 1;
    await node.command("CLUSTER", "ADDSLOTSRANGE", from, to);
    // Each its own, so that no two of them claim the same one and have to settle it.
    await node.command("CLUSTER", "SET-CONFIG-EPOCH", index + 1);
  }
  // Every pair, since what nodes tell each other of third ones takes them a second or more.
  for (const [index, node] of nodes.entries()) {
    for (const other of nodes.slice(index + 1)) await node.command("CLUSTER", "MEET", "127.0.0.1", other.port);
  }
}

async function healthy(nodes: readonly RedisServer[]): Promise<void> {
  for (const node of nodes) {
    await waitUntil(`the cluster's node on ${node.port} serves`, HEALTHY_MS, async () => {
      const info = String(await node.command("CLUSTER", "INFO"));
      const known = new RegExp(`^cluster_known_nodes:${nodes.length}\r$`, "m").test(info);
      return (known && /^cluster_state:ok\r$/m.test(info)) || undefined;
    });
  }
}
