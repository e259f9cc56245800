import { KrmError } from "@krm/core";

/** Which faults a simulated API server has, and how often. Absent: never. Probabilities lie between 0 and 1. */
export interface FaultSpec {
  /** Probability that an event is not sent, and never will be. */
  readonly drop?: number;
  /** An event, and all behind it in the same watch, is held up for `ms` with this probability. */
  readonly delay?: { readonly probability: number; readonly ms: number };
  /** Probability that an event is sent twice. */
  readonly duplicate?: number;
  /** Probability that an event changes places with the next one. */
  readonly reorder?: number;
  /** Probability that only a part of an event is sent, and the connection ends there. */
  readonly truncate?: number;
  /** A watch's connection breaks after this long, give or take a half. */
  readonly disconnectMs?: number;
  /** A watch falls silent after this long, give or take a half: its connection stays open, without a byte. */
  readonly stallMs?: number;
  /** Probability that a request which names a version or continues a list is refused as expired. */
  readonly expired?: number;
  /** A request is refused with 429, `Retry-After` set, with this probability. */
  readonly tooManyRequests?: { readonly probability: number; readonly retryAfterSeconds: number };
  /** Probability that a request fails with 500. */
  readonly internalError?: number;
  /** All history is compacted at this interval. */
  readonly compactEveryMs?: number;
  /** The API server goes away and comes back at this interval. */
  readonly restartEveryMs?: number;
}

interface FaultSyntax {
  readonly form: string;
  readonly example: string;
  readonly meaning: string;
  readonly parse: (value: string) => FaultSpec | undefined;
}

const FAULTS: Readonly<Record<string, FaultSyntax>> = {
  drop: {
    form: "P",
    example: "drop=0.01",
    meaning: "an event is not sent, and never will be",
    parse: (value) => asProbability(value, (drop) => ({ drop })),
  },
  delay: {
    form: "P:TIME",
    example: "delay=0.05:2s",
    meaning: "an event, and all behind it, is held up for TIME",
    parse: (value) => asBoth(value, (probability, ms) => ({ delay: { probability, ms } })),
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
};

/**
 * Reads a list of faults. `""` is no fault.
 *
 * @example
 * parseFaults("drop=0.01,delay=0.05:2s,disconnect=30s")
 * @throws KrmError `KRM_USAGE` that names the part at fault, and what would be right.
 */
export function parseFaults(text: string): FaultSpec {
  const spec: FaultSpec = {};
  const seen = new Set<string>();
  for (const part of text.split(",").map((each) => each.trim())) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = equals < 0 ? part : part.slice(0, equals);
    const syntax = Object.hasOwn(FAULTS, name) ? FAULTS[name] : undefined;
    if (syntax === undefined) {
      throw usage(`${JSON.stringify(name)} is not a fault`, `known faults: ${Object.keys(FAULTS).join(", ")}`);
    }
    if (seen.has(name)) throw usage(`fault ${JSON.stringify(name)} is given twice`, "give each fault once");
    seen.add(name);
    const parsed = equals < 0 ? undefined : syntax.parse(part.slice(equals + 1));
    if (parsed === undefined) {
      throw usage(
        `fault ${JSON.stringify(part)} cannot be read`,
        `write ${name}=${syntax.form}, as in ${syntax.example}; P is a probability from 0 to 1, TIME is like 500ms, 30s, 2m, 1h`,
      );
    }
    Object.assign(spec, parsed);
  }
  return spec;
}

/** The help text of a list of faults: one line each, without a line break at the end. */
export function describeFaults(): string {
  const lines = Object.entries(FAULTS).map(([name, { form, meaning }]) => [`${name}=${form}`, meaning] as const);
  const width = Math.max(...lines.map(([left]) => left.length));
  return [
    "SPEC is a comma list of faults. P is a probability from 0 to 1, TIME is like 500ms, 30s, 2m, 1h.",
    ...lines.map(([left, meaning]) => `  ${left.padEnd(width)}  ${meaning}`),
  ].join("\n");
}

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

function usage(message: string, hint: string): KrmError {
  return new KrmError("KRM_USAGE", `--faults: ${message}: ${hint}`, { hint });
}
