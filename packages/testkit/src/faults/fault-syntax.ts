import type { FaultSpec } from "./fault-spec.ts";
import type { Sway } from "./sway.ts";

/** How one fault is written. */
export interface FaultSyntax {
  /** What stands behind `=`; `""`: the name stands alone. */
  readonly form: string;
  readonly example: string;
  readonly meaning: string;
  /** What must hold of the parts of the form besides. */
  readonly where?: string;
  /** It can be given for one resource: `NAME.RESOURCE=…`. */
  readonly perResource?: true;
  /** Undefined: it cannot be read. `resource`: of which alone it is. */
  readonly parse: (value: string, resource?: string) => FaultSpec | undefined;
}

/** Every fault, by name. */
export const FAULTS: Readonly<Record<string, FaultSyntax>> = {
  drop: {
    form: "P",
    example: "drop=0.01",
    meaning: "an event is not sent, and never will be",
    parse: (value) => asProbability(value, (drop) => ({ drop })),
  },
  lose: {
    form: "P",
    example: "lose=0.001",
    meaning: "a change or deletion is lost to all watches and lists; GET by name tells the truth",
    parse: (value) => asProbability(value, (lose) => ({ lose })),
  },
  delay: {
    form: "P:TIME",
    example: "delay=0.05:2s",
    meaning: "an event, and all behind it, is held up for TIME",
    parse: (value) => asBoth(value, (probability, ms) => ({ delay: { probability, ms } })),
  },
  sway: {
    form: "MAX/PERIOD",
    example: "sway=5s/1m",
    meaning: "every event is late by 0 to MAX, up and down within PERIOD; of RESOURCE, or of all others",
    where: "PERIOD is more than twice MAX",
    perResource: true,
    parse: (value, resource = "*") => asSway(value, (sway) => ({ sway: { [resource]: sway } })),
  },
  dup: {
    form: "P",
    example: "dup=0.01",
    meaning: "an event is sent twice",
    parse: (value) => asProbability(value, (duplicate) => ({ duplicate })),
  },
  reorder: {
    form: "P",
    example: "reorder=0.01",
    meaning: "an event changes places with the next one",
    parse: (value) => asProbability(value, (reorder) => ({ reorder })),
  },
  truncate: {
    form: "P",
    example: "truncate=0.001",
    meaning: "an event is cut in its middle and the connection ends",
    parse: (value) => asProbability(value, (truncate) => ({ truncate })),
  },
  disconnect: {
    form: "TIME",
    example: "disconnect=30s",
    meaning: "a watch's connection breaks after about TIME",
    parse: (value) => asTime(value, (disconnectMs) => ({ disconnectMs })),
  },
  stall: {
    form: "TIME",
    example: "stall=2m",
    meaning: "a watch falls silent after about TIME, its connection open",
    parse: (value) => asTime(value, (stallMs) => ({ stallMs })),
  },
  mute: {
    form: "TIME",
    example: "mute=5m",
    meaning: "a watch sends only bookmarks, no events, after about TIME",
    parse: (value) => asTime(value, (muteMs) => ({ muteMs })),
  },
  hush: {
    form: "TIME",
    example: "hush=5m",
    meaning: "a watch sends nothing but line breaks after about TIME",
    parse: (value) => asTime(value, (hushMs) => ({ hushMs })),
  },
  lag: {
    form: "P:TIME",
    example: "lag=0.2:3s",
    meaning: "a list or watch is served by a replica that is TIME behind",
    parse: (value) => asBoth(value, (probability, ms) => ({ lag: { probability, ms } })),
  },
  nowatchlist: {
    form: "",
    example: "nowatchlist",
    meaning: "a watch that asks for initial events is refused (422)",
    parse: (value) => (value === "" ? { noWatchList: true } : undefined),
  },
  "410": {
    form: "P",
    example: "410=0.01",
    meaning: "a request that names a version is refused as expired",
    parse: (value) => asProbability(value, (expired) => ({ expired })),
  },
  "429": {
    form: "P[:TIME]",
    example: "429=0.02:1s",
    meaning: "a request is refused, to be tried again after TIME (1s)",
    parse: (value) =>
      asBoth(value.includes(":") ? value : `${value}:1s`, (probability, ms) => ({
        tooManyRequests: { probability, retryAfterSeconds: Math.ceil(ms / 1000) },
      })),
  },
  "500": {
    form: "P",
    example: "500=0.01",
    meaning: "a request fails",
    parse: (value) => asProbability(value, (internalError) => ({ internalError })),
  },
  compact: {
    form: "TIME",
    example: "compact=1m",
    meaning: "all history is compacted every TIME",
    parse: (value) => asTime(value, (compactEveryMs) => ({ compactEveryMs })),
  },
  restart: {
    form: "TIME",
    example: "restart=5m",
    meaning: "the API server goes away and comes back every TIME",
    parse: (value) => asTime(value, (restartEveryMs) => ({ restartEveryMs })),
  },
  restore: {
    form: "TIME",
    example: "restore=10m",
    meaning: "etcd goes back every TIME to what it was half of TIME before",
    parse: (value) => asTime(value, (restoreEveryMs) => ({ restoreEveryMs })),
  },
  crd: {
    form: "TIME",
    example: "crd=10m",
    meaning: "custom resources go away every TIME, for a quarter of it",
    parse: (value) => asTime(value, (withdrawEveryMs) => ({ withdrawEveryMs })),
  },
};

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function parseProbability(text: string): number | undefined {
  const value = /^[0-9]*\.?[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  return value >= 0 && value <= 1 ? value : undefined;
}

function parseTime(text: string): number | undefined {
  const match = /^([0-9]*\.?[0-9]+)(ms|s|m|h)$/.exec(text);
  const ms = match === null ? 0 : Number(match[1]) * (UNITS[match[2] as string] as number);
  return ms > 0 ? ms : undefined;
}

function asProbability(text: string, make: (value: number) => FaultSpec): FaultSpec | undefined {
  const value = parseProbability(text);
  return value === undefined ? undefined : make(value);
}

function asTime(text: string, make: (ms: number) => FaultSpec): FaultSpec | undefined {
  const ms = parseTime(text);
  return ms === undefined ? undefined : make(ms);
}

function asBoth(text: string, make: (value: number, ms: number) => FaultSpec): FaultSpec | undefined {
  const [left = "", right = "", ...more] = text.split(":");
  const value = parseProbability(left);
  const ms = parseTime(right);
  return value === undefined || ms === undefined || more.length > 0 ? undefined : make(value, ms);
}

function asSway(text: string, make: (sway: Sway) => FaultSpec): FaultSpec | undefined {
  const [left = "", right = "", ...more] = text.split("/");
  const maxMs = parseTime(left);
  const periodMs = parseTime(right);
  if (maxMs === undefined || periodMs === undefined || more.length > 0) return undefined;
  return periodMs > 2 * maxMs ? make({ maxMs, periodMs }) : undefined;
}
