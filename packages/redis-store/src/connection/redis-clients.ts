import { type Cluster, Redis, type RedisOptions } from "ioredis";
import { FailFastCluster } from "./fail-fast-cluster.ts";
import { type Address, describeAddress, type RedisTarget } from "./redis-target.ts";
import { sentinelLookup } from "./sentinel-lookup.ts";
import { type ConnectorPlan, connectorOf } from "./target-connector.ts";

/** How long past its time-out a command's connection may still bring something, before it is given up. */
const GRACE_MS = 100;
/** Goodbyes are waited for this long before the socket is torn down. */
const DISCONNECT_MS = 500;
/** How long a redirection waits, for the nodes of a cluster to agree. */
const MOVED_PAUSE_MS = 50;
/** How often the nodes of a cluster are asked which slots are whose, besides each redirection. */
const SLOTS_REFRESH_MS = 5000;

/** What commands are sent with: both have the same commands. */
export type RedisClient = Redis | Cluster;

/** What the clients of one target have in common. */
export interface ClientPlan {
  readonly target: RedisTarget;
  readonly commandTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Aborts what goes on outside of the clients: questions to Sentinels. */
  readonly signal: AbortSignal;
}

/**
 * Makes the client for commands. It does not connect by itself, nor again.
 *
 * @param onSocketError called with what the sockets of a cluster's nodes fail with, which its client keeps to itself
 */
export function commandClient(plan: ClientPlan, onSocketError: (error: Error) => void): RedisClient {
  const { target } = plan;
  if (target.type !== "cluster") return new Redis(serverOptions(plan, locateServer(plan)));
  return new FailFastCluster(
    [...target.nodes],
    {
      clusterRetryStrategy: null,
      clusterNodeRetryStrategy: null,
      // What these would send again may have been carried out. Redirections (MOVED, ASK, TRYAGAIN) are followed.
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
      // Without it, two nodes that do not agree yet use up all redirections within a few milliseconds.
      retryDelayOnMoved: MOVED_PAUSE_MS,
      slotsRefreshInterval: SLOTS_REFRESH_MS,
      slotsRefreshTimeout: plan.connectTimeoutMs,
      // Names stay names: certificates are made out to them, and one that cannot be resolved must not hide the others.
      dnsLookup: (name, callback) => callback(null, name),
      redisOptions: serverOptions(plan, ownAddress, onSocketError),
    },
    plan.commandTimeoutMs,
  );
}

/** A client for notifications. */
export interface NotificationClient {
  readonly client: Redis;
  /** Whether the server that it was connected to last still belongs to the target. */
  readonly belongs: () => boolean;
}

/**
 * Makes the client for notifications: a plain connection. In a cluster it goes to one node after the other, for a
 * message published to one reaches all. It does not connect by itself, nor again.
 */
export function notificationClient(plan: ClientPlan, commands: RedisClient): NotificationClient {
  const { target } = plan;
  if (target.type !== "cluster") {
    const client = new Redis(serverOptions(plan, locateServer(plan)));
    // What Sentinels named a while ago may have been replaced without the connection having been closed.
    const belongs = (): boolean => target.type === "single" || sameServer(client, commands as Redis);
    return { client, belongs };
  }
  const known = (): readonly Address[] => (commands as Cluster).nodes().map(({ options }) => ownAddress(options));
  let turn = Math.floor(plan.random() * 1000);
  let current: Address | undefined;
  const locate = (): Address => {
    const nodes = known();
    const all = nodes.length > 0 ? nodes : target.nodes;
    turn += 1;
    current = all[turn % all.length] as Address;
    return current;
  };
  return {
    client: new Redis(serverOptions(plan, locate)),
    belongs: () => {
      const nodes = known().map(describeAddress);
      return current === undefined || nodes.length === 0 || nodes.includes(describeAddress(current));
    },
  };
}

/** Whether two connected clients are connected to the same server. */
function sameServer(one: Redis, other: Redis): boolean {
  if (other.status !== "ready") return true;
  return one.stream.remoteAddress === other.stream.remoteAddress && one.stream.remotePort === other.stream.remotePort;
}

function locateServer(plan: ClientPlan): ConnectorPlan["locate"] {
  const { target, signal } = plan;
  if (target.type !== "sentinel") return ownAddress;
  const { sentinelUser: user, sentinelPasswordFile: passwordFile } = target;
  return sentinelLookup(
    target,
    clientOptions(plan, { user, password: undefined, passwordFile }, ownAddress, undefined),
    signal,
  );
}

function ownAddress({ host = "127.0.0.1", port = 6379 }: { readonly host?: string; readonly port?: number }): Address {
  return { host, port };
}

function serverOptions(
  plan: ClientPlan,
  locate: ConnectorPlan["locate"],
  onSocketError?: ConnectorPlan["onSocketError"],
): RedisOptions {
  const { target } = plan;
  const options = clientOptions(plan, target, locate, onSocketError);
  switch (target.type) {
    case "single":
      return { ...options, host: target.host, port: target.port, db: target.db };
    case "sentinel":
      return { ...options, db: target.db };
    case "cluster":
      return options;
  }
}

function clientOptions(
  { target: { tls }, commandTimeoutMs, connectTimeoutMs }: ClientPlan,
  { user, password, passwordFile }: Pick<RedisTarget, "user" | "password" | "passwordFile">,
  locate: ConnectorPlan["locate"],
  onSocketError: ConnectorPlan["onSocketError"],
): RedisOptions {
  return {
    // With a name, a server that wants no password takes any.
    username: password === undefined && passwordFile === undefined ? undefined : (user ?? "default"),
    password,
    Connector: connectorOf({ tls, passwordFile, connectTimeoutMs, locate, onSocketError }),
    // Only says which event means that a socket is ready: the connector knows the rest.
    ...(tls === undefined ? {} : { tls: {} }),
    // Nothing that KRM asks for needs RESP3, and there are proxies that do not know it.
    protocol: 2,
    connectionName: "krm",
    keepAlive: 30_000,
    // The connector watches this time.
    connectTimeout: 0,
    disconnectTimeout: DISCONNECT_MS,
    commandTimeout: commandTimeoutMs,
    // After a command without an answer, the next ones would wait for it: nothing heard means a new connection.
    socketTimeout: commandTimeoutMs + GRACE_MS,
    lazyConnect: true,
    retryStrategy: null,
    enableOfflineQueue: false,
    // The probe of the connection says more, and nothing on the console.
    enableReadyCheck: false,
    // ioredis would look at no failure of these, and send what may have been carried out.
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    // A server that is no master any more: its name, or the Sentinels, may lead to another one by now.
    reconnectOnError: ({ message }) => (/^(?:READONLY|MASTERDOWN) /.test(message) ? 1 : false),
  };
}
