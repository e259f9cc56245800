import { durationToHuman } from "@krm/apimachinery";
import type { ScopeStatus } from "@krm/core";
import type { Colour, Paint } from "../terminal/paint.ts";
import { alignColumns } from "../text/columns.ts";

const HEADING = ["RESOURCE", "STATE", "OBJECTS", "EVENTS/S", "VERIFIED", "DRIFT"];

/** One resource, as the live table shows it. */
export interface TableLine {
  readonly name: string;
  readonly state: ScopeStatus["state"];
  readonly objects: number;
  readonly eventsPerSecond: number;
  /** How long ago, in milliseconds; undefined: not yet. */
  readonly verifiedAgoMs: number | undefined;
  /** Missed events that verification found. */
  readonly drift: number;
}

/** Draws the live table, no wider than `width`. */
export function drawTable(lines: readonly TableLine[], width: number, paint: Paint): string[] {
  const rows = lines.map((line) => [
    line.name,
    line.state,
    String(line.objects),
    line.eventsPerSecond.toFixed(1),
    verifiedText(line.verifiedAgoMs),
    String(line.drift),
  ]);
  const [heading = "", ...body] = alignColumns([HEADING, ...rows]).map((text) => text.slice(0, Math.max(1, width - 1)));
  return [paint("dim", heading), ...body.map((text, index) => paintState(text, lines[index], paint))];
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

function paintState(text: string, line: TableLine | undefined, paint: Paint): string {
  if (line === undefined) return text;
  const { state } = line;
  const at = text.indexOf(state, line.name.length);
  if (at < 0) return text;
  const colour: Colour =
    state === "synced" ? "green" : state === "syncing" || state === "snapshot-only" ? "yellow" : "red";
  return `${text.slice(0, at)}${paint(colour, state)}${text.slice(at + state.length)}`;
}
