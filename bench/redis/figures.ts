import type { Execution } from "./redis-server.ts";
import type { Usage } from "./pipeline.ts";

/** What was measured with so many objects. */
export interface Measured {
  readonly objects: number;
  /** As sent, and as kept, in bytes. */
  readonly objectBytes: number;
  readonly keptBytes: number;
  /** What Redis took for all objects when the first list was in and the feed empty, in bytes. */
  readonly datasetBytes: number;
  /** The most memory that Redis had until then, in bytes. */
  readonly peakBytes: number;
  readonly sync: Usage;
  readonly idle: Usage;
  readonly alone: Usage & { readonly events: number };
  readonly burst: Usage & { readonly events: number };
  readonly verify: Usage;
  /** How long after its emission a reader showed each of the events that came alone, in milliseconds. */
  readonly latencies: readonly number[];
  /** All that Redis did for some events that came alone. */
  readonly noted: readonly Execution[];
  /** How often the feed was left behind by the events that came as fast as they were taken. */
  readonly resets: number;
  /** A process that does all alone, with a store in memory. */
  readonly direct: {
    readonly syncMs: number;
    readonly aloneCpuMs: number;
    readonly burstMs: number;
    readonly burstCpuMs: number;
    readonly latencies: readonly number[];
  };
}

/** One line of the table: a figure for each number of objects. */
export interface Figure {
  readonly label: string;
  readonly of: (one: Measured) => number;
  readonly digits: number;
  /** It should be the same for any number of objects: then the ratio is printed. */
  readonly flat?: boolean;
}

/** Milliseconds over Redis beyond those in one process, by percentile. */
const BUDGET_MS = { 50: 10, 99: 25 } as const;

const ROLES = ["streamer", "merger", "reader", "redis"] as const;

const total = ({ cpuMs }: Usage): number => ROLES.reduce((sum, role) => sum + cpuMs[role], 0);

/** What the background does in the time of a phase is taken off. */
const perEvent = (phase: "alone" | "burst", what: (usage: Usage) => number): Figure["of"] => {
  return ({ idle, [phase]: usage }) => (what(usage) - (what(idle) / idle.wallMs) * usage.wallMs) / usage.events;
};

const net = (phase: "alone" | "burst", name: "bytesIn" | "bytesOut" | "scripts" | "commands"): Figure["of"] =>
  perEvent(phase, ({ redis }) => redis[name]);

const objectsIn = (phase: "alone" | "burst", name: "bytesIn" | "bytesOut"): Figure["of"] => {
  const bytes = net(phase, name);
  return (one) => bytes(one) / one.keptBytes;
};

const perSecond = (name: "bytesIn" | "scripts" | "commands"): Figure["of"] => {
  return ({ idle }) => (idle.redis[name] / idle.wallMs) * 1000;
};

const longest = (of: (one: Measured) => readonly Execution[]): Figure["of"] => {
  return (one) => Math.max(0, ...of(one).map(({ micros }) => micros)) / 1000;
};

const stages = (phase: "alone" | "burst"): readonly Figure[] => [
  ...ROLES.map((role) => ({
    label: `CPU µs of ${role}`,
    of: perEvent(phase, ({ cpuMs }) => cpuMs[role] * 1000),
    digits: 0,
    flat: true,
  })),
  { label: "CPU µs in all", of: perEvent(phase, (usage) => total(usage) * 1000), digits: 0, flat: true },
  { label: "commits", of: perEvent(phase, ({ commits }) => commits), digits: 3, flat: true },
  { label: "scripts", of: net(phase, "scripts"), digits: 3, flat: true },
  { label: "commands, with those of scripts", of: net(phase, "commands"), digits: 1, flat: true },
  { label: "bytes to Redis", of: net(phase, "bytesIn"), digits: 0, flat: true },
  { label: "… ÷ the object's", of: objectsIn(phase, "bytesIn"), digits: 2, flat: true },
  { label: "bytes from Redis ÷ the object's", of: objectsIn(phase, "bytesOut"), digits: 2, flat: true },
];

const secondsOf = (phase: "sync" | "verify"): readonly Figure[] =>
  ROLES.map((role) => ({
    label: `CPU s of ${role}`,
    of: ({ [phase]: { cpuMs } }) => cpuMs[role] / 1000,
    digits: 2,
  }));

/** The table, in parts. */
export const PARTS: readonly { readonly title: string; readonly figures: readonly Figure[] }[] = [
  {
    title: "first sync",
    figures: [
      { label: "s until a reader shows it", of: ({ sync }) => sync.wallMs / 1000, digits: 2 },
      { label: "… in one process, in memory", of: ({ direct }) => direct.syncMs / 1000, digits: 2 },
      ...secondsOf("sync"),
      {
        label: "CPU µs in all, an object",
        of: ({ sync, objects }) => (total(sync) * 1000) / objects,
        digits: 0,
        flat: true,
      },
      {
        label: "bytes kept in Redis ÷ the object's",
        of: ({ datasetBytes, objects, keptBytes }) => datasetBytes / objects / keptBytes,
        digits: 2,
        flat: true,
      },
      {
        label: "Redis' memory at most ÷ the objects'",
        of: ({ peakBytes, objects, keptBytes }) => peakBytes / objects / keptBytes,
        digits: 2,
      },
    ],
  },
  {
    title: "one event at a time, each",
    figures: [
      {
        label: "CPU µs in one process, in memory",
        of: ({ alone, direct }) => (direct.aloneCpuMs * 1000) / alone.events,
        digits: 0,
        flat: true,
      },
      ...stages("alone"),
    ],
  },
  {
    title: "events as fast as they are taken, each",
    figures: [
      { label: "events/s", of: ({ burst }) => burst.events / (burst.wallMs / 1000), digits: 0, flat: true },
      {
        label: "… in one process, in memory",
        of: ({ burst, direct }) => burst.events / (direct.burstMs / 1000),
        digits: 0,
        flat: true,
      },
      {
        label: "CPU µs in one process, in memory",
        of: ({ burst, direct }) => (direct.burstCpuMs * 1000) / burst.events,
        digits: 0,
        flat: true,
      },
      ...stages("burst"),
      { label: "times that the reader was left behind", of: ({ resets }) => resets, digits: 0 },
    ],
  },
  {
    title: "nothing to do, a second",
    figures: [
      { label: "scripts", of: perSecond("scripts"), digits: 1, flat: true },
      { label: "commands, with those of scripts", of: perSecond("commands"), digits: 1, flat: true },
      { label: "bytes to Redis", of: perSecond("bytesIn"), digits: 0, flat: true },
    ],
  },
  {
    title: "a verification that finds 3,000 changes",
    figures: [
      { label: "s until a reader shows them", of: ({ verify }) => verify.wallMs / 1000, digits: 2 },
      ...secondsOf("verify"),
    ],
  },
  {
    title: "from the API server to a reader, one event at a time, ms",
    figures: ([50, 99] as const).flatMap((percent): Figure[] => [
      {
        label: `p${percent} in one process, in memory`,
        of: ({ direct }) => percentile(direct.latencies, percent),
        digits: 2,
      },
      { label: `p${percent} over Redis`, of: ({ latencies }) => percentile(latencies, percent), digits: 2 },
      {
        label: `p${percent} beyond one process (budget ${BUDGET_MS[percent]})`,
        of: ({ latencies, direct }) => percentile(latencies, percent) - percentile(direct.latencies, percent),
        digits: 2,
      },
    ]),
  },
  {
    title: "the longest that Redis did one thing, ms",
    figures: [
      { label: "first sync", of: longest(({ sync }) => sync.noted), digits: 1 },
      { label: "one event at a time", of: longest(({ alone }) => alone.noted), digits: 1 },
      { label: "events as fast as they are taken", of: longest(({ burst }) => burst.noted), digits: 1 },
      { label: "verification", of: longest(({ verify }) => verify.noted), digits: 1 },
    ],
  },
];

/** Prints all parts as one table in Markdown. */
export function tableOf(measured: readonly Measured[]): string {
  const head = measured.map(({ objects }) => `${objects.toLocaleString("en")} objects`);
  const rows = [
    ["Figure", ...head, "largest ÷ smallest"],
    ["---", ...head.map(() => "---:"), "---:"],
    ...PARTS.flatMap(({ title, figures }) => [
      [`**${title}**`, ...head.map(() => ""), ""],
      ...figures.map(({ label, of, digits, flat }) => {
        const values = measured.map((one) => of(one));
        const ratio = flat === true && values.length > 1 ? Math.max(...values) / Math.min(...values) : undefined;
        return [label, ...values.map((value) => text(value, digits)), ratio === undefined ? "" : ratio.toFixed(2)];
      }),
    ]),
  ];
  return rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function text(value: number, digits: number): string {
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Each script by its name: how often it ran, how long as a rule and at most, in microseconds of wall clock. */
export function scriptsOf(noted: readonly Execution[], events = 1): string {
  const names = [...new Set(noted.map(({ name }) => name))];
  const rows = names
    .map((name) => ({ name, micros: noted.filter((one) => one.name === name).map((one) => one.micros) }))
    .toSorted((a, b) => Math.max(...b.micros) - Math.max(...a.micros))
    .map(({ name, micros }) => {
      const runs = text(micros.length / events, events === 1 ? 0 : 2);
      return `| ${name} | ${runs} | ${text(percentile(micros, 50), 0)} | ${text(Math.max(...micros), 0)} |`;
    });
  const head = `| Script or command | runs${events === 1 ? "" : " an event"} | µs, median | µs at most |`;
  return [head, "| --- | ---: | ---: | ---: |", ...rows].join("\n");
}

/** The value below which so many of a hundred lie. */
function percentile(numbers: readonly number[], percent: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}
