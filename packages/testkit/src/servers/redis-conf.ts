import type { TlsMaterial } from "../api-server/certificate-authority.ts";

/** What {@link startRedis} can be told. */
export interface RedisOptions {
  /** The program. Default: `redis-server` on PATH. */
  readonly binary?: string | undefined;
  /** Of the user `default`. Default: none is needed. */
  readonly password?: string | undefined;
  /** Further users, as Redis writes them: `alice on >secret ~krm:* +@all`. */
  readonly aclUsers?: readonly string[] | undefined;
  /** Listens with TLS, and only with it. No client certificate is asked for. */
  readonly tls?: TlsMaterial | undefined;
  /** Writes each command to disk before it replies, so that a restart and a crash lose nothing. Default: keeps nothing. */
  readonly appendonly?: boolean | undefined;
  /** Lines of redis.conf, after all others: name to value, quoted as there. */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /** It is a replica of this one, which has the same password and TLS. */
  readonly replicaOf?: { readonly port: number } | undefined;
}

/** The lines of redis.conf that these options stand for; not those of the place where it runs. */
export function redisLines(options: RedisOptions): readonly string[] {
  const { password, tls, replicaOf, aclUsers = [] } = options;
  const lines = [
    'save ""',
    `appendonly ${options.appendonly === true ? "yes" : "no"}`,
    "appendfsync always",
    "enable-debug-command yes",
    // No waiting: at the end for replicas that lag, at the start of a replication for more replicas to come.
    "shutdown-timeout 0",
    "repl-diskless-sync-delay 0",
    ...aclUsers.map((user) => `user ${user}`),
  ];
  if (password !== undefined) lines.push(`requirepass ${quoted(password)}`, `masterauth ${quoted(password)}`);
  if (tls !== undefined) lines.push("tls-auth-clients no", "tls-replication yes");
  if (replicaOf !== undefined) lines.push(replicaLine(replicaOf));
  lines.push(...Object.entries(options.config ?? {}).map(([name, value]) => `${name} ${value}`));
  return lines;
}

/** The line that makes a server a replica; the last one counts. */
export function replicaLine({ port }: { readonly port: number }): string {
  return `replicaof 127.0.0.1 ${port}`;
}

/** A value as redis.conf quotes it; so long as it is printable, that is as JSON does. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

/** Where servers listen, as the part of a URL between `//` and the path. */
export function redisAuthority(password: string | undefined, ports: readonly number[]): string {
  const login = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
  return login + ports.map((port) => `127.0.0.1:${port}`).join(",");
}
