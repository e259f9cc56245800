import type { Address, RedisTarget, TlsFiles } from "./redis-target.ts";
import { parseAuthority, type UrlLogin } from "./url-authority.ts";
import { readParameters, type UrlParameters } from "./url-parameters.ts";
import { decoded, refuse } from "./url-refusal.ts";

const SHAPE = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?(#.*)?$/s;
const DEFAULT_PREFIX = "krm";

type Login = Pick<RedisTarget, "user" | "password" | "passwordFile">;

/**
 * Reads the URL of a Redis or Valkey server:
 *
 * - `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`
 * - `redis+sentinel://[USER:PASSWORD@]HOST[:PORT],HOST[:PORT]/MASTER[/DB]`
 * - `redis+cluster://[USER:PASSWORD@]HOST[:PORT],HOST[:PORT]`
 *
 * and each with `rediss` for TLS. Parameters: `prefix` (of keys and channels, default `krm`), `user`, `passwordFile`,
 * for TLS `ca`, `cert` and `key` (files), with Sentinel `sentinelUser` and `sentinelPasswordFile`. Nothing is read or
 * connected to. What is special in a URL (`/ ? # @ : %`) is percent-encoded in users, passwords and values.
 *
 * @throws KrmError `KRM_INVALID_ARGUMENT`, which names what is wrong and never holds the password.
 */
export function parseRedisUrl(text: string): RedisTarget {
  const [, scheme = "", kind, authority = "", path = "", query, fragment] = SHAPE.exec(text) ?? refuseScheme(text);
  // Most likely the middle of a password: what stands around it must not be told.
  if (`${path}${query ?? ""}${fragment ?? ""}`.includes("@")) {
    throw refuse("has an @ after a / ? or #", "percent-encode / ? # and @ in the user, the password and file names");
  }
  if (fragment !== undefined) throw refuse("has a #", "percent-encode it as %23");

  const { login, addresses } = parseAuthority(authority, kind === "sentinel" ? 26379 : 6379);
  const parameters = readParameters(query, { tls: scheme === "rediss", sentinel: kind === "sentinel" });
  const common = {
    prefix: checkedPrefix(parameters.prefix ?? DEFAULT_PREFIX),
    tls: scheme === "rediss" ? tlsFiles(parameters) : undefined,
    ...mergeLogin(login, parameters),
  };
  switch (kind) {
    case undefined:
      return { type: "single", ...common, ...onlyOne(addresses), db: parseDb(path.slice(1)) };
    case "sentinel":
      return { type: "sentinel", ...common, sentinels: addresses, ...masterOf(path), ...sentinelLogin(parameters) };
    default:
      if (path !== "" && path !== "/") {
        throw refuse("names a database, and a cluster has none", "leave out what follows the hosts");
      }
      return { type: "cluster", ...common, nodes: addresses };
  }
}

function refuseScheme(text: string): never {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1];
  throw refuse(
    scheme === undefined ? "has no scheme" : `has the scheme ${JSON.stringify(scheme)}`,
    "start it with redis://, rediss:// (TLS), redis+sentinel:// or redis+cluster://",
  );
}

function onlyOne(addresses: readonly Address[]): Address {
  const [address, ...more] = addresses;
  if (address === undefined || more.length > 0) {
    throw refuse("names several hosts", "write redis+sentinel:// or redis+cluster:// for several");
  }
  return address;
}

function parseDb(text: string): number {
  if (text === "") return 0;
  if (!/^\d{1,9}$/.test(text)) {
    throw refuse("ends in something that is no database", "write the number of the database: redis://HOST:6379/0");
  }
  return Number(text);
}

function masterOf(path: string): { readonly masterName: string; readonly db: number } {
  const [, name = "", db = "", ...rest] = path.split("/");
  const masterName = decoded(name, "the master's name");
  if (masterName === "") {
    throw refuse(
      "does not name the master",
      "write the name that the Sentinels know it by: redis+sentinel://HOST:26379/MASTER",
    );
  }
  // What Sentinel itself allows.
  if (!/^[\w.-]+$/.test(masterName)) {
    throw refuse("has a master's name that Sentinel does not allow", "it consists of letters, digits, . - and _");
  }
  if (rest.length > 0) throw refuse("goes on after the database", "write redis+sentinel://HOST:26379/MASTER/DB");
  return { masterName, db: parseDb(db) };
}

function tlsFiles({ ca, cert, key }: UrlParameters): TlsFiles {
  if ((cert === undefined) !== (key === undefined)) {
    throw refuse(`has ${cert === undefined ? "key without cert" : "cert without key"}`, "give both, or neither");
  }
  return { caFile: ca, certFile: cert, keyFile: key };
}

function mergeLogin(login: UrlLogin, { user: parameter, passwordFile }: UrlParameters): Login {
  if (login.user !== undefined && parameter !== undefined)
    throw refuse("names the user twice", "leave out one of them");
  const user = login.user ?? parameter;
  const { password } = login;
  if (password !== undefined && passwordFile !== undefined) {
    throw refuse("has a password and a passwordFile", "leave out one of them");
  }
  if (user !== undefined && password === undefined && passwordFile === undefined) {
    throw refuse(
      "has a user and no password",
      "write redis://USER:PASSWORD@HOST, or add passwordFile=FILE; for a user that needs none, redis://USER:@HOST",
    );
  }
  return { user, password, passwordFile };
}

function sentinelLogin({ sentinelUser, sentinelPasswordFile }: UrlParameters): {
  readonly sentinelUser: string | undefined;
  readonly sentinelPasswordFile: string | undefined;
} {
  if (sentinelUser !== undefined && sentinelPasswordFile === undefined) {
    throw refuse("has sentinelUser without sentinelPasswordFile", "add sentinelPasswordFile=FILE");
  }
  return { sentinelUser, sentinelPasswordFile };
}

function checkedPrefix(prefix: string): string {
  // Braces would choose the slot of every key in a cluster.
  if (/[{}\s\p{Cc}]/u.test(prefix)) {
    throw refuse("has a prefix with a brace, a space or a control character", "write prefix=NAME without them");
  }
  return prefix;
}
