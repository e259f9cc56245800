import type { Counted } from "./count-requests.ts";
import type { ClientCost, ClientName } from "./side-by-side.ts";
import type { Day } from "./simulated-day.ts";
import type { VerificationCost } from "./verification-cost.ts";

type Costs = Readonly<Record<ClientName, ClientCost>>;

const ASKING = ["krm", "informer", "polling"] as const;

/** A number with as many digits as say something. */
function short(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  if (Number.isInteger(value)) return String(value);
  return value >= 10 ? value.toFixed(0) : value.toFixed(value >= 1 ? 1 : 2);
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string =>
    `| ${cells.map((cell) => (typeof cell === "number" ? short(cell) : cell)).join(" | ")} |`;
  const rule = `|${head.map((_, at) => (at === 0 ? "---" : "---:")).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

function sum(counts: readonly Counted[], of: "count" | "bytes", only: Partial<Counted> = {}): number {
  return counts
    .filter(({ verb, resource }) => verb === (only.verb ?? verb) && resource === (only.resource ?? resource))
    .reduce((all, each) => all + each[of], 0);
}

/** Requests of an hour, resource by resource. */
export function resourceTable(costs: Costs, minutes: number): string {
  const hourly = 60 / minutes;
  const asked = (name: ClientName, resource: string, verb?: string): number =>
    sum(costs[name].after, "count", verb === undefined ? { resource } : { resource, verb }) * hourly;
  return table(
    [
      "resource",
      "objects",
      "events",
      "KRM: watch",
      "list, metadata",
      "get",
      "list",
      "KRM in all",
      "informer: watch",
      "list",
      "informer in all",
      "polling: list",
    ],
    costs.krm.resources.map(({ resource, objects, events }) => [
      resource,
      objects,
      events * hourly,
      ...["watch", "list-metadata", "get", "list"].map((verb) => asked("krm", resource, verb)),
      asked("krm", resource),
      asked("informer", resource, "watch"),
      asked("informer", resource, "list"),
      asked("informer", resource),
      asked("polling", resource, "list"),
    ]),
  );
}

/** All resources together. */
export function clientTable(costs: Costs, minutes: number): string {
  const hourly = 60 / minutes;
  const megabytes = (bytes: number): number => bytes / 1_000_000;
  const row = (label: string, of: (cost: ClientCost) => number): (string | number)[] => [
    label,
    ...ASKING.map((name) => of(costs[name])),
  ];
  return table(
    ["all resources", "KRM", "client-node informer", "polling every 10 s"],
    [
      row("to start: requests", ({ start }) => sum(start, "count")),
      row("to start: MB", ({ start }) => megabytes(sum(start, "bytes"))),
      row("then an hour: requests", ({ after }) => sum(after, "count") * hourly),
      row("… MB", ({ after }) => megabytes(sum(after, "bytes")) * hourly),
      row("… of it watch events, MB", ({ after }) => megabytes(sum(after, "bytes", { verb: "watch" })) * hourly),
      row("… CPU s of the API server", ({ cpuMs }) => ((cpuMs - costs.nobody.cpuMs) / 1000) * hourly),
    ],
  );
}

/** Simulated days. */
export function dayTable(days: readonly Day[]): string {
  return table(
    [
      "objects",
      "",
      "watch",
      "list, metadata",
      "list",
      "get",
      "verifying, in all",
      "busiest hour",
      "h for a whole turn",
      "h at most",
      "a ghost: h",
    ],
    days.map((day) => [
      day.objects,
      day.churning ? "churning" : "quiet",
      day.watches,
      day.metadataLists,
      day.lists,
      day.gets,
      day.verifying,
      day.busiest,
      day.turn,
      day.atMost,
      day.ghost,
    ]),
  );
}

/** Verifications, as ratios to the full list. */
export function verificationTable(costs: readonly VerificationCost[]): string {
  const whole = costs.find(({ metadata }) => !metadata);
  const ratio = (of: number, to: number | undefined): string => (of / (to ?? Number.NaN)).toFixed(2);
  return table(
    ["a verification", "mode", "requests", "MB", "CPU ms, KRM", "ratio", "CPU ms, simulated API server", "ratio"],
    costs.map((cost) => [
      cost.label,
      cost.mode,
      cost.requests,
      cost.bytes / 1_000_000,
      cost.clientMs,
      ratio(cost.clientMs, whole?.clientMs),
      cost.serverMs,
      ratio(cost.serverMs, whole?.serverMs),
    ]),
  );
}
