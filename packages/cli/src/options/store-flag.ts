import { type Flag, flag } from "./flag.ts";
import { ParseError } from "./parse-error.ts";
import { completeStoreUrl, MEMORY, parseStoreUrl, type StoreChoice, type StoreUrl } from "./store-url.ts";

/**
 * What a command does with a store: all by itself, one role of several processes, serving what others write, measuring it,
 * or only looking at it.
 */
export type StoreUse = "alone" | "one-role" | "serving" | "measuring" | "checked";

/** `--store`. What cannot work with it is refused as the wrong value that it is. */
export function storeFlag(use: StoreUse): Flag {
  return flag("--store <URL>", DESCRIPTIONS[use], {
    parse: (text) => {
      const url = parseStoreUrl(text);
      const reason = storeRefusal(url, use);
      if (reason !== undefined) throw new ParseError(reason);
      return url;
    },
    complete: completeStoreUrl,
    ...(use === "alone" ? { default: MEMORY, shown: MEMORY.shown } : {}),
  });
}

/** Whether several processes can use it at once. */
export function isShared({ type }: StoreUrl | StoreChoice): boolean {
  return type === "redis";
}

const DESCRIPTIONS: Readonly<Record<StoreUse, string>> = {
  alone: "where the state is kept (see below)",
  "one-role": "where the roles meet (see below)",
  serving: "where monitors keep the state (see below)",
  measuring: "where monitors keep the state (see below)",
  checked: "where the state is kept, or is to be (see below)",
};

/** For the help of every command with `--store`. */
export const REDIS_HELP = `  redis://HOST[:6379][/DB]                    one server, Redis 7.0 or Valkey 7.2 at least
  redis+sentinel://HOST[:26379],…/MASTER      the master that these Sentinels know
  redis+cluster://HOST[:6379],…               a cluster
  rediss://, rediss+sentinel:// and so on     the same with TLS: ?ca=FILE, ?cert=FILE&key=FILE
  ?user=NAME&passwordFile=FILE                who logs in; the file is read again at each connect
  ?prefix=NAME                                what every key begins with (default: krm)
A password may stand in the URL (redis://USER:PASSWORD@HOST), but others on the machine see command lines: name a file
with passwordFile rather, or give the whole URL as KRM_STORE.`;

/** Also for stores that one process has to itself. */
export const STORES_HELP: string = `Stores:
  memory:                                     this process; gone when it ends
  sqlite:FILE                                 a file; survives, belongs to one process
  postgres://USER@HOST[:5432]/DATABASE        survives, belongs to one process
${REDIS_HELP}`;

/** Why a store that one process has to itself will not do. */
const REFUSALS: Readonly<
  Record<
    Exclude<StoreUse, "alone" | "checked">,
    { readonly memory: string; readonly persistent: (url: string) => string }
  >
> = {
  serving: {
    memory:
      "there is nothing in it to serve from another: use redis://HOST:PORT, or watch and serve in one process: krm monitor --serve",
    persistent: (url) => `serve from there (krm monitor --serve --store ${url}), or use redis://HOST:PORT`,
  },
  measuring: {
    memory:
      "there is nothing in it to measure from another: use redis://HOST:PORT, or watch and measure in one process: krm monitor --influx-url URL",
    persistent: (url) => `measure there (krm monitor --store ${url} --influx-url URL), or use redis://HOST:PORT`,
  },
  "one-role": {
    memory: "the other roles are processes of their own: use redis://HOST:PORT, or run all roles in one: krm monitor",
    persistent: (url) =>
      `it does not tell others of a change; use redis://HOST:PORT, or run all roles in one: krm monitor --store ${url}`,
  },
};

/** Why a store cannot be used so; undefined: it can. */
export function storeRefusal({ type }: Pick<StoreUrl, "type">, use: StoreUse): string | undefined {
  if (type === "redis" || use === "alone" || use === "checked") return undefined;
  const { memory, persistent } = REFUSALS[use];
  if (type === "memory") return `memory: belongs to one process, ${use === "one-role" ? "and" : "so"} ${memory}`;
  const [what, url] = type === "sqlite" ? ["a SQLite store", "sqlite:FILE"] : ["a PostgreSQL store", "postgres://…"];
  const owner = use === "one-role" ? "one process" : "the process that writes it";
  return `${what} belongs to ${owner}: ${persistent(url)}`;
}
