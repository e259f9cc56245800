import { durationToHuman } from "@krm/apimachinery";
import type { ScopeStatus } from "@krm/core";
import type { Paint } from "../terminal/paint.ts";
import { alignColumns } from "../text/columns.ts";
import { STATE_COLOURS } from "./state-colours.ts";

/** How the table is laid out. */
interface Layout {
  readonly heading: readonly string[];
  readonly nameOf: (line: TableLine) => string;
  readonly ageOf: (agoMs: number | undefined) => string;
  readonly gap: number;
}

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

const HEADING = ["RESOURCE", "STATE", "OBJECTS", "EVENTS/S", "VERIFIED", "DRIFT"];

/** From the widest to the narrowest. */
const LAYOUTS: readonly Layout[] = [
  { heading: HEADING, nameOf: ({ name }) => name, ageOf: verifiedText, gap: 3 },
  { heading: HEADING, nameOf: ({ shortName }) => shortName, ageOf: verifiedText, gap: 1 },
  {
    heading: ["RES", "STATE", "OBJ", "EV/S", "VERIF", "DRIFT"],
    nameOf: ({ shortName }) => shortName,
    ageOf: (agoMs) => (agoMs === undefined ? "-" : durationToHuman(agoMs)),
    gap: 1,
  },
];

/** Draws the live table, no wider than `width`: with short names, small gaps and short headings where it would be. */
export function drawTable(lines: readonly TableLine[], width: number, paint: Paint): string[] {
  const room = Math.max(1, width - 1);
  const layouts = LAYOUTS.map((layout) => layOut(lines, layout));
  const fitting = layouts.find((texts) => texts.every((text) => text.length <= room)) ?? layouts.at(-1) ?? [];
  const [heading = "", ...body] = fitting.map((text) => text.slice(0, room));
  return [paint("dim", heading), ...body.map((text, index) => paintState(text, lines[index]?.state, paint))];
}

function layOut(lines: readonly TableLine[], { heading, nameOf, ageOf, gap }: Layout): string[] {
  const rows = lines.map((line) => [
    nameOf(line),
    line.state,
    String(line.objects),
    line.eventsPerSecond.toFixed(1),
    ageOf(line.verifiedAgoMs),
    String(line.drift),
  ]);
  return alignColumns([heading, ...rows], gap);
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
  return `${text.slice(0, at + 1)}${paint(STATE_COLOURS[state], state)}${text.slice(end)}`;
}
