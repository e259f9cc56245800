import { durationToHuman } from "@krm/apimachinery";
import type { ScopeStatusBody, StatusBody } from "@krm/client";
import { sentences } from "../../errors/error-line.ts";
import { troubleKey } from "../../errors/trouble-key.ts";
import { STATE_COLOURS } from "../../monitoring/state-colours.ts";
import type { Paint } from "../../terminal/paint.ts";
import { Columns } from "../../text/columns.ts";
import { printable } from "../../text/printable.ts";
import { driftLines, missedLines } from "./drift-lines.ts";
import { timingLines } from "./timing-lines.ts";

/** How the table is laid out. */
interface Layout {
  /** The resource with its group. */
  readonly group: boolean;
  readonly ago: string;
  readonly gap: number;
}

const NARROWEST: Layout = { group: false, ago: "", gap: 1 };

/** From the widest to the narrowest. */
const LAYOUTS: readonly Layout[] = [
  { group: true, ago: " ago", gap: 3 },
  { group: true, ago: "", gap: 2 },
  { group: false, ago: "", gap: 2 },
  NARROWEST,
];

/**
 * One line for each scope, below a heading, no wider than `width` where that can be; after them what was missed, the newest
 * of it by name, why some scopes are not as they should be, and what makes times look other than they are. Ages are by the
 * server's clock.
 */
export function statusLines(status: StatusBody, width: number, paint: Paint = (_, text) => text): string[] {
  const now = Date.parse(status.time);
  const fits = (layout: Layout): boolean =>
    tableLines(status.scopes, now, layout).every(({ length }) => length <= width);
  const layout = LAYOUTS.find(fits) ?? NARROWEST;
  const table = tableLines(status.scopes, now, layout, paint);
  const parts = [
    driftLines(status.scopes),
    missedLines(status.scopes, now),
    reasonLines(status.scopes),
    timingLines(status.scopes, now),
  ];
  return [...table, ...parts.flatMap((lines) => (lines.length === 0 ? [] : ["", ...lines.map(printable)]))];
}

function tableLines(
  scopes: readonly ScopeStatusBody[],
  now: number,
  layout: Layout,
  paint: Paint = (_, text) => text,
): string[] {
  const { group, ago, gap } = layout;
  const namespaces = scopes.some(({ namespace }) => namespace !== undefined);
  const age = (time: string | undefined): string => {
    return time === undefined ? "never" : `${durationToHuman(Math.max(0, now - Date.parse(time)))}${ago}`;
  };
  const names = ["RESOURCE", ...(namespaces ? ["NAMESPACE"] : [])];
  const heading = [...names, "STATE", "OBJECTS", "NEWS", "VERIFIED", "HOW", "DRIFT"];
  const rows = scopes.map((scope) => [
    group ? scope.name : shortName(scope, scopes),
    ...(namespaces ? [scope.namespace ?? "*"] : []),
    scope.state,
    objectsText(scope),
    age(scope.lastContact),
    age(scope.verifiedAt),
    scope.verifier?.mode ?? "-",
    String(driftOf(scope)),
  ]);
  return new Columns(gap).lines([heading, ...rows], (cell, column, row) => {
    if (row === 0) return paint("dim", cell);
    const scope = scopes[row - 1];
    if (heading[column] === "STATE" && scope !== undefined) return paint(STATE_COLOURS[scope.state], cell);
    return heading[column] === "DRIFT" && cell !== "0" ? paint("yellow", cell) : cell;
  });
}

function driftOf({ merger }: ScopeStatusBody): number {
  return Object.values(merger?.missed ?? {}).reduce((sum, count) => sum + count, 0);
}

/** Without the group, where no other resource is called so. */
function shortName({ name, resource }: ScopeStatusBody, among: readonly ScopeStatusBody[]): string {
  const short = plural(name);
  return among.some((other) => other.resource !== resource && plural(other.name) === short) ? name : short;
}

function plural(name: string): string {
  return name.split(".")[0] ?? name;
}

/** While the first list runs: how far it is. */
function objectsText({ objects, state, streamer }: ScopeStatusBody): string {
  const progress = streamer?.progress;
  if (state !== "syncing" || progress === undefined) return String(objects);
  return `${progress.objects}${progress.expected === undefined ? "" : `/${progress.expected}`}`;
}

/** The messages differ by what was asked for; scopes with one kind of error are told by the first of them. */
function reasonLines(scopes: readonly ScopeStatusBody[]): string[] {
  const byReason = new Map<string, { readonly reason: string; readonly names: string[] }>();
  for (const { error, name, namespace } of scopes) {
    if (error === undefined) continue;
    const kind = troubleKey(error);
    const group = byReason.get(kind) ?? { reason: sentences(error.message, error.hint), names: [] };
    group.names.push(namespace === undefined ? name : `${name} in ${namespace}`);
    byReason.set(kind, group);
  }
  return [...byReason.values()].map(({ reason, names }) => `${names.join(", ")}: ${reason}`);
}
