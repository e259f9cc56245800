import { KrmError, type ResourceType } from "@krm/core";
import { SIM_RESOURCES } from "../cluster/sim-resource.ts";
import { FAULTS, type FaultSyntax } from "./fault-syntax.ts";
import type { SwaySpec } from "./sway.ts";

/** Which faults a simulated API server has, and how often. Absent: never. Probabilities lie between 0 and 1. */
export interface FaultSpec {
  /** Probability that an event is not sent, and never will be. */
  readonly drop?: number;
  /**
   * Probability that a change or a deletion never reaches the watch cache: no watch tells of it, and every list goes on
   * to show what was before. GET tells the truth.
   */
  readonly lose?: number;
  /** An event, and all behind it in the same watch, is held up for `ms` with this probability. */
  readonly delay?: { readonly probability: number; readonly ms: number };
  /** Every event is sent later than it happened, by a time that rises and falls: `swayAt` tells it. */
  readonly sway?: SwaySpec;
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
  /** A watch sends no events any more after this long, give or take a half, but goes on with its bookmarks. */
  readonly muteMs?: number;
  /** A watch sends nothing but line breaks after this long, give or take a half. */
  readonly hushMs?: number;
  /** Lists and watches are served with this probability by a replica that every event reaches `ms` late. */
  readonly lag?: { readonly probability: number; readonly ms: number };
  /** A watch that asks for initial events is refused, as by a server whose gate `WatchList` is off. */
  readonly noWatchList?: boolean;
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
  /** Etcd is restored at this interval, to what it was half the interval before: versions run backwards. */
  readonly restoreEveryMs?: number;
  /** Custom resources are not served any more at this interval, for a quarter of it. */
  readonly withdrawEveryMs?: number;
}

type Named = Pick<ResourceType, "group" | "resource">;

const UNITS = "P is a probability from 0 to 1; TIME, MAX and PERIOD are like 500ms, 30s, 2m, 1h";

/**
 * Reads a list of faults. `""` is no fault. `resources`: those which a fault can name; default: `SIM_RESOURCES`.
 *
 * @example
 * parseFaults("drop=0.01,delay=0.05:2s,disconnect=30s,sway.pods=5s/1m")
 * @throws KrmError `KRM_USAGE` that names the part at fault, and what would be right.
 */
export function parseFaults(text: string, resources: readonly Named[] = SIM_RESOURCES): FaultSpec {
  const spec: { -readonly [fault in keyof FaultSpec]: FaultSpec[fault] } = {};
  const seen = new Set<string>();
  for (const part of text.split(",").map((each) => each.trim())) {
    if (part === "") continue;
    const [name = "", value] = part.split(/=(.*)/s);
    const [fault = "", resource] = name.split(/\.(.*)/s);
    const syntax = syntaxOf(name, fault, resource);
    if (resource !== undefined) checkResource(name, resource, resources);
    if (seen.has(name)) throw usage(`fault ${JSON.stringify(name)} is given twice`, "give each fault once");
    seen.add(name);
    const parsed = (value === undefined) === (syntax.form === "") ? syntax.parse(value ?? "", resource) : undefined;
    if (parsed === undefined) throw usage(`fault ${JSON.stringify(part)} cannot be read`, howToWrite(name, syntax));
    // One fault can be of several resources.
    const sway = { ...spec.sway, ...parsed.sway };
    Object.assign(spec, parsed, parsed.sway === undefined ? {} : { sway });
  }
  return spec;
}

/** The help text of a list of faults: one line each, without a line break at the end. */
export function describeFaults(): string {
  const lines = Object.entries(FAULTS).map(([name, syntax]) => [`${name}${shape(syntax)}`, syntax.meaning] as const);
  const width = Math.max(...lines.map(([left]) => left.length));
  return [
    `SPEC is a comma list of faults. ${UNITS}.`,
    ...lines.map(([left, meaning]) => `  ${left.padEnd(width)}  ${meaning}`),
  ].join("\n");
}

function shape({ form, perResource }: FaultSyntax): string {
  return `${perResource === true ? "[.RESOURCE]" : ""}${form === "" ? "" : `=${form}`}`;
}

function syntaxOf(name: string, fault: string, resource: string | undefined): FaultSyntax {
  const syntax = Object.hasOwn(FAULTS, fault) ? FAULTS[fault] : undefined;
  if (syntax !== undefined && (resource === undefined || syntax.perResource === true)) return syntax;
  throw usage(`${JSON.stringify(name)} is not a fault`, `known faults: ${Object.keys(FAULTS).join(", ")}`);
}

function checkResource(name: string, resource: string, resources: readonly Named[]): void {
  if (resources.some((each) => resource === each.resource || resource === `${each.resource}.${each.group}`)) return;
  const known = resources.map((each) => each.resource).join(", ");
  throw usage(`${JSON.stringify(name)} is about a resource that there is not`, `known resources: ${known}`);
}

function howToWrite(name: string, { example, form, where }: FaultSyntax): string {
  if (form === "") return `write ${name}`;
  return `write ${name}=${form}${where === undefined ? "" : `, where ${where}`}, as in ${example}; ${UNITS}`;
}

function usage(message: string, hint: string): KrmError {
  return new KrmError("KRM_USAGE", `--faults: ${message}: ${hint}`, { hint });
}
