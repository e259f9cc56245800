import type { RedisTarget } from "@krm/redis-store";
import { ParseError } from "./parse-error.ts";

/** Where state is kept, as far as it can be told without the package of that store. */
export type StoreUrl =
  | { readonly type: "memory"; readonly shown: string }
  | { readonly type: "sqlite"; readonly file: string; readonly shown: string }
  /** The URL can hold a password. */
  | { readonly type: "postgres"; readonly url: string; readonly shown: string }
  | { readonly type: "redis"; readonly url: string };

/** Where state is kept. `shown` is for logs: without user and password. */
export type StoreChoice =
  | Exclude<StoreUrl, { readonly type: "redis" }>
  | { readonly type: "redis"; readonly target: RedisTarget; readonly shown: string };

/** What is used unless another is named, where one process does. */
export const MEMORY: Extract<StoreUrl, { readonly type: "memory" }> = { type: "memory", shown: "memory:" };

const SUPPORTED =
  "memory:, sqlite:FILE, postgres://HOST/DATABASE, redis://HOST:PORT (rediss:// with TLS), redis+sentinel://HOST:PORT/MASTER or redis+cluster://HOST:PORT";

const REDIS = new Set(["redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"]);

/**
 * Reads the URL of a store as far as its kind. Of a URL, only the scheme is ever repeated: the rest can hold a password.
 *
 * @throws ParseError
 */
export function parseStoreUrl(text: string): StoreUrl {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) throw new ParseError(`this is not the URL of a store: write ${SUPPORTED}`);
  const rest = text.slice(scheme.length + 1);
  if (scheme === "memory") {
    if (rest === "") return MEMORY;
    throw new ParseError("a memory store has no address: write memory:");
  }
  if (scheme === "sqlite") return { type: "sqlite", file: sqliteFile(rest), shown: text };
  if (scheme === "postgres" || scheme === "postgresql") return postgres(text);
  if (REDIS.has(scheme)) return { type: "redis", url: `${scheme}:${rest}` };
  throw new ParseError(`${JSON.stringify(`${scheme}:`)} is not a store that is supported: write ${SUPPORTED}`);
}

/** Reads the rest of it: that of Redis by the package which connects to it. */
export async function completeStoreUrl(url: StoreUrl): Promise<StoreChoice> {
  if (url.type !== "redis") return url;
  const { describeTarget, parseRedisUrl } = await import("@krm/redis-store");
  const target = parseRedisUrl(url.url);
  return { type: "redis", target, shown: describeTarget(target) };
}

function sqliteFile(rest: string): string {
  if (rest === "") throw new ParseError("sqlite: needs a file: write sqlite:FILE, such as sqlite:krm.db");
  if (rest === ":memory:") throw new ParseError("SQLite without a file is gone with the process: write memory:");
  // As a URL it would be a host, as a path it begins at the root: neither is likely to be meant.
  if (/^\/\/[^/]/.test(rest)) throw new ParseError("sqlite: takes a file without slashes before it: write sqlite:FILE");
  return rest;
}

function postgres(text: string): StoreUrl & { readonly type: "postgres" } {
  const how = "write postgres://USER@HOST:5432/DATABASE";
  if (!text.includes("://") || !URL.canParse(text)) {
    throw new ParseError(`the URL of the PostgreSQL server cannot be read: ${how}`);
  }
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) {
    throw new ParseError("the URL of the PostgreSQL server has a % that encodes nothing: write a % as %25");
  }
  const { host, pathname } = new URL(text);
  if (pathname === "" || pathname === "/") {
    throw new ParseError(`the URL of the PostgreSQL server names no database: ${how}`);
  }
  return { type: "postgres", url: text, shown: `postgres://${host}${pathname}` };
}
