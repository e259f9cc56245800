import { durationToHuman } from "@krm/apimachinery";
import type { ScopeStatus } from "@krm/core";
import type { Colour, Paint } from "../terminal/paint.ts";
import { alignColumns } from "../text/columns.ts";

const HEADING = ["RESOURCE", "STATE", "OBJECTS", "EVENTS/S", "VERIFIED", "DRIFT"];

const COLOURS: Readonly<Record<ScopeStatus["state"], Colour>> = {
  synced: "green",
  syncing: "yellow",
  "snapshot-only": "yellow",
  stale: "red",
  forbidden: "red",
  gone: "red",
  failed: "red",
};

/** One resource, as the live table shows it. */
export interface TableLine {
  readonly name: string;
  /** For narrow terminals. */
  readonly shortName: string;
  readonly state: ScopeStatus["state"];
  readonly objects: number;
  readonly eventsPerSecond: number;
  /** How long ago, in milliseconds; undefined: not yet. */
  readonly verifiedAgoMs: number | undefined;
  /** Missed events that verification found. */
  readonly drift: number;
}

/** Draws the live table, no wider than `width`: with short names and small gaps where it would be. */
export function drawTable(lines: readonly TableLine[], width: number, paint: Paint): string[] {
  const room = Math.max(1, width - 1);
  const full = layOut(lines, ({ name }) => name, 3);
  const fits = full.every((text) => text.length <= room);
  const drawn = fits ? full : layOut(lines, ({ shortName }) => shortName, 1).map((text) => text.slice(0, room));
  const [heading = "", ...body] = drawn;
  return [paint("dim", heading), ...body.map((text, index) => paintState(text, lines[index]?.state, paint))];
}

function layOut(lines: readonly TableLine[], nameOf: (line: TableLine) => string, gap: number): string[] {
  const rows = lines.map((line) => [
    nameOf(line),
    line.state,
    String(line.objects),
    line.eventsPerSecond.toFixed(1),
    verifiedText(line.verifiedAgoMs),
    String(line.drift),
  ]);
  return alignColumns([HEADING, ...rows], gap);
}

/** The same in one line, for a log: what all have in common is said once, by the worst of them. */
export function plainLine(lines: readonly TableLine[]): string {
  const objects = lines.map(({ name, objects: count }) => `${name} ${count}`).join(", ");
  const rate = lines.reduce((sum, line) => sum + line.eventsPerSecond, 0);
  const drift = lines.reduce((sum, line) => sum + line.drift, 0);
  const ages = lines.map(({ verifiedAgoMs }) => verifiedAgoMs);
  const oldest = ages.includes(undefined) ? undefined : Math.max(...ages.map((age) => age ?? 0));
  const odd = lines.filter(({ state }) => state !== "synced").map(({ name, state }) => `${name} ${state}`);
  return [
    objects,
    `${rate.toFixed(1)} events/s`,
    `verified ${verifiedText(oldest)}`,
    `drift ${drift}`,
    odd.length === 0 ? "synced" : odd.join(", "),
  ].join(" | ");
}

function verifiedText(agoMs: number | undefined): string {
  return agoMs === undefined ? "not yet" : `${durationToHuman(agoMs)} ago`;
}

/** The state is the first word of its kind in a line: no resource is called like one, with spaces around. */
function paintState(text: string, state: TableLine["state"] | undefined, paint: Paint): string {
  const at = state === undefined ? -1 : text.indexOf(` ${state}`);
  if (state === undefined || at < 0) return text;
  const end = at + 1 + state.length;
  return `${text.slice(0, at + 1)}${paint(COLOURS[state], state)}${text.slice(end)}`;
}
