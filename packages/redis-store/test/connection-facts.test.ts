import { withRedis } from "@krm/testkit/servers";
import { describe, expect, it } from "vitest";
import { checkServer } from "../src/connection/check-server.ts";
import { evictionWarning, judgeServer, type NodeFacts, parseServerInfo } from "../src/connection/server-facts.ts";
import { connect } from "./support/connect.ts";
import { logSpy } from "./support/log-spy.ts";

/** Excerpts of what `INFO` answers, with the fields in the order in which the servers have them. */
function info(server: string, role = "master", policy = "noeviction", maxMemory = 0): string {
  return [
    `# Server\n${server}\nredis_git_sha1:00000000\nos:Linux 6.1.0 x86_64\nrun_id:8c2b1f\ntcp_port:6379\nexecutable:/data/redis-server`,
    "# Clients\nconnected_clients:1",
    `# Memory\nused_memory:1024\nused_memory_human:1.00K\nmaxmemory:${maxMemory}\nmaxmemory_human:0B\nmaxmemory_policy:${policy}`,
    `# Replication\nrole:${role}\nconnected_slaves:0\nmaster_replid:0a9f\nmaster_replid2:0000`,
  ]
    .join("\n\n")
    .replaceAll("\n", "\r\n");
}

function facts(server: string, ...more: readonly [role?: string, policy?: string, maxMemory?: number]): NodeFacts {
  const found = parseServerInfo(info(server, ...more));
  if (found === undefined) throw new Error("no facts");
  return found;
}

const REDIS_7 = "redis_version:7.0.15\nredis_mode:standalone";

describe("parseServerInfo", () => {
  it("reads what matters", () => {
    expect(facts(REDIS_7, "slave", "allkeys-lru", 1_000_000)).toEqual({
      product: "Redis",
      version: "7.0.15",
      mode: "standalone",
      role: "slave",
      runId: "8c2b1f",
      replicationId: "0a9f",
      maxMemoryBytes: 1_000_000,
      usedMemoryBytes: 1024,
      maxMemoryPolicy: "allkeys-lru",
      appendOnly: undefined,
    });
    expect(parseServerInfo("redis_version:7.0.0\naof_enabled:1")?.appendOnly).toBe(true);
    expect(parseServerInfo("redis_version:7.0.0\naof_enabled:0")?.appendOnly).toBe(false);
  });

  it("makes do with less, and with nothing", () => {
    expect(parseServerInfo("redis_version:7.0.0\n")).toMatchObject({ version: "7.0.0", role: undefined });
    expect(parseServerInfo("# Server\r\n")).toBeUndefined();
    expect(parseServerInfo("")).toBeUndefined();
  });
});

describe("judgeServer", () => {
  it.each([
    ["redis_version:7.0.0\nredis_mode:standalone", "Redis", "7.0.0"],
    [REDIS_7, "Redis", "7.0.15"],
    ["redis_version:7.4.2\nredis_mode:standalone", "Redis", "7.4.2"],
    ["redis_version:8.2.1\nredis_mode:standalone", "Redis", "8.2.1"],
    ["redis_version:10.0.0-rc1\nredis_mode:standalone", "Redis", "10.0.0-rc1"],
    ["redis_version:7.2.4\nserver_name:valkey\nvalkey_version:7.2.8\nredis_mode:standalone", "Valkey", "7.2.8"],
    ["redis_version:7.2.4\nserver_name:valkey\nvalkey_version:8.1.1\nserver_mode:standalone", "Valkey", "8.1.1"],
  ])("takes %j", (server, product, version) => {
    const told = facts(server);
    expect(told).toMatchObject({ product, version, mode: "standalone" });
    expect(judgeServer(told, "single")).toBeUndefined();
  });

  it.each([
    ["redis_version:6.0.16\nredis_mode:standalone", "is Redis 6.0.16: KRM needs 7.0 or newer"],
    ["redis_version:6.2.14\nredis_mode:standalone", "is Redis 6.2.14: KRM needs 7.0 or newer"],
    ["redis_version:6.9.240\nredis_mode:standalone", "is Redis 6.9.240: KRM needs 7.0 or newer"],
    ["redis_version:7.2.4\nvalkey_version:7.1.0\nredis_mode:standalone", "is Valkey 7.1.0: KRM needs 7.2 or newer"],
    ["redis_version:7.0.15\nredis_mode:sentinel", "is a Sentinel, which keeps no data"],
    ["redis_version:7.0.15\nredis_mode:cluster", "is a node of a cluster"],
    ["redis_version:7.2.4\nvalkey_version:8.0.0\nserver_mode:cluster", "is a node of a cluster"],
  ])("refuses %j", (server, problem) => {
    expect(judgeServer(facts(server), "single")).toMatchObject({ problem, hint: expect.any(String) });
  });

  it("refuses a replica, but not where roles change hands", () => {
    const replica = facts(REDIS_7, "slave");
    expect(judgeServer(replica, "single")).toMatchObject({ problem: "is a read-only replica" });
    expect(judgeServer(replica, "sentinel")).toBeUndefined();
    expect(judgeServer({ ...replica, mode: "cluster" }, "cluster")).toBeUndefined();
  });
});

describe("evictionWarning", () => {
  it.each([
    ["noeviction", 0, undefined],
    ["allkeys-lru", 0, undefined],
    ["noeviction", 100, undefined],
    ["volatile-ttl", 100, "may evict KRM's state when its 100 bytes are full: maxmemory-policy is volatile-ttl"],
  ])("with %s and %i bytes: %s", (policy, maxMemory, warning) => {
    expect(evictionWarning(facts(REDIS_7, "master", policy, maxMemory))).toBe(warning);
  });
});

withRedis(process.env, ({ start }) => {
  it("checkServer asks the server, and warns of one that may evict", async () => {
    await using redis = await start({ config: { maxmemory: "100mb", "maxmemory-policy": "allkeys-lru" } });
    const logger = logSpy();
    await using connection = connect(redis.url, { logger });
    await connection.ready();
    const { nodes } = await checkServer(connection, { logger });
    expect(nodes).toMatchObject([{ role: "master", mode: "standalone", maxMemoryPolicy: "allkeys-lru" }]);
    expect(logger.lines).toMatchObject([
      {
        level: "warn",
        message: expect.stringContaining("the store may evict KRM's state when its 104857600 bytes are full"),
      },
    ]);
  });
});
