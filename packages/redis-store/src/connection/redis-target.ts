import { isIPv6 } from "node:net";

/** Where a server, a Sentinel or a node of a cluster listens. */
export interface Address {
  /** A name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** PEM files for TLS; each is read at each connect. The server's certificate is verified, always. */
export interface TlsFiles {
  /** The authorities to trust. Undefined: those that Node.js trusts. */
  readonly caFile: string | undefined;
  /** The client's own certificate and key: both or neither. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}

interface TargetBase {
  /** What every key and channel begins with. */
  readonly prefix: string;
  /** Undefined: plain TCP. */
  readonly tls: TlsFiles | undefined;
  /** Undefined: the server's `default` user, where there is a password. */
  readonly user: string | undefined;
  /** As it stood in the URL. At most one of `password` and `passwordFile` is there. Never log it. */
  readonly password: string | undefined;
  /** Read at each connect. */
  readonly passwordFile: string | undefined;
}

/** One server, or whatever stands for it under one address. */
export interface SingleTarget extends TargetBase, Address {
  readonly type: "single";
  readonly db: number;
}

/** The master that the Sentinels name at each connect. */
export interface SentinelTarget extends TargetBase {
  readonly type: "sentinel";
  readonly sentinels: readonly Address[];
  readonly masterName: string;
  readonly db: number;
  /** For the Sentinels themselves; the user and the password of the servers are never sent to them. */
  readonly sentinelUser: string | undefined;
  /** Read at each connect. */
  readonly sentinelPasswordFile: string | undefined;
}

/** A cluster, by the nodes to ask first. */
export interface ClusterTarget extends TargetBase {
  readonly type: "cluster";
  readonly nodes: readonly Address[];
}

/** Where the store's server is, and how to get in. It may hold a password: log {@link describeTarget} instead. */
export type RedisTarget = SingleTarget | SentinelTarget | ClusterTarget;

/** The target as a URL without user, password and parameters: for logs and messages. */
export function describeTarget(target: RedisTarget): string {
  const scheme = target.tls === undefined ? "redis" : "rediss";
  switch (target.type) {
    case "single":
      return `${scheme}://${describeAddress(target)}/${target.db}`;
    case "sentinel":
      return `${scheme}+sentinel://${target.sentinels.map(describeAddress).join(",")}/${target.masterName}/${target.db}`;
    case "cluster":
      return `${scheme}+cluster://${target.nodes.map(describeAddress).join(",")}`;
  }
}

/** `host:port`, with brackets around an IPv6 address. */
export function describeAddress({ host, port }: Address): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
