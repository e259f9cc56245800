/** What a server tells of itself by INFO, as far as KRM cares. What it does not tell is undefined. */
export interface NodeFacts {
  readonly product: "Redis" | "Valkey";
  /** The product's own: Valkey also tells a version of Redis, always 7.2.4. */
  readonly version: string;
  /** Valkey and Redis have the same: `standalone`, `cluster` or `sentinel`. */
  readonly mode: string | undefined;
  /** `master`, or `slave` for a replica. */
  readonly role: string | undefined;
  /** Another one after each start of the server. */
  readonly runId: string | undefined;
  /** Another one when the data has another history: after a failover, or a start without data. */
  readonly replicationId: string | undefined;
  /** Bytes. 0: as much as there is. */
  readonly maxMemoryBytes: number | undefined;
  readonly usedMemoryBytes: number | undefined;
  /** What happens when that is full: `noeviction`, `allkeys-lru`, … */
  readonly maxMemoryPolicy: string | undefined;
  /** Every write goes to a file as well. */
  readonly appendOnly: boolean | undefined;
}

/** The oldest whose scripts can do what KRM's do; there is no older Valkey. */
const OLDEST = { Redis: [7, 0], Valkey: [7, 2] } as const;

/** Reads the text of INFO; the order of the sections does not matter. Undefined: it tells no version. */
export function parseServerInfo(text: string): NodeFacts | undefined {
  const fields = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const valkey = fields.get("valkey_version");
  const version = valkey ?? fields.get("redis_version");
  if (version === undefined) return undefined;
  return {
    product: valkey === undefined ? "Redis" : "Valkey",
    version,
    mode: fields.get("redis_mode") ?? fields.get("server_mode"),
    role: fields.get("role"),
    runId: fields.get("run_id"),
    replicationId: fields.get("master_replid"),
    maxMemoryBytes: bytes(fields.get("maxmemory")),
    usedMemoryBytes: bytes(fields.get("used_memory")),
    maxMemoryPolicy: fields.get("maxmemory_policy"),
    appendOnly: fields.has("aof_enabled") ? fields.get("aof_enabled") === "1" : undefined,
  };
}

function bytes(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Why KRM cannot keep its state there; undefined where it can. */
export interface Unusable {
  /** The rest of a sentence about the server. */
  readonly problem: string;
  readonly hint: string;
}

/** Judges what a server told. `via` is how it was reached: behind Sentinels and in a cluster, roles change hands. */
export function judgeServer(facts: NodeFacts, via: "single" | "sentinel" | "cluster"): Unusable | undefined {
  const { product, version, mode, role } = facts;
  if (mode === "sentinel") {
    return { problem: "is a Sentinel, which keeps no data", hint: "write redis+sentinel://HOST:26379/MASTER" };
  }
  const [major, minor] = OLDEST[product];
  const [ownMajor = 0, ownMinor = 0] = version.split(".").map(Number);
  if (ownMajor < major || (ownMajor === major && ownMinor < minor)) {
    const needed = `${major}.${minor} or newer`;
    return { problem: `is ${product} ${version}: KRM needs ${needed}`, hint: `upgrade it to ${product} ${needed}` };
  }
  if (mode === "cluster" && via !== "cluster") {
    return { problem: "is a node of a cluster", hint: "write redis+cluster://HOST:PORT" };
  }
  if (role === "slave" && via === "single") {
    return {
      problem: "is a read-only replica",
      hint: "name the master, or all Sentinels with redis+sentinel://HOST:26379/MASTER",
    };
  }
  return undefined;
}

/** What may happen to KRM's state there; undefined where nothing is known to. */
export function evictionWarning({ maxMemoryBytes = 0, maxMemoryPolicy }: NodeFacts): string | undefined {
  if (maxMemoryBytes === 0 || maxMemoryPolicy === undefined || maxMemoryPolicy === "noeviction") return undefined;
  return `may evict KRM's state when its ${maxMemoryBytes} bytes are full: maxmemory-policy is ${maxMemoryPolicy}`;
}

/** Something that works now and may not last. */
export interface ServerWarning {
  /** The rest of a sentence about the server. */
  readonly problem: string;
  readonly hint: string;
}

/** How full a memory may be before it is worth a word. */
const NEARLY_FULL = 0.9;

/** What a server that can be used should be told about. */
export function serverWarnings(facts: NodeFacts): readonly ServerWarning[] {
  const { maxMemoryBytes = 0, usedMemoryBytes = 0 } = facts;
  const evicts = evictionWarning(facts);
  const warnings: ServerWarning[] = [];
  if (evicts !== undefined) warnings.push({ problem: evicts, hint: "set maxmemory-policy noeviction" });
  if (maxMemoryBytes > 0 && usedMemoryBytes > NEARLY_FULL * maxMemoryBytes) {
    const percent = Math.floor((usedMemoryBytes / maxMemoryBytes) * 100);
    warnings.push({ problem: `has used ${percent} % of its ${maxMemoryBytes} bytes`, hint: "raise maxmemory" });
  }
  return warnings;
}
