import type { LineWriter } from "../../src/points/influx-sink.ts";

/** One point, read back. */
export interface ReadPoint {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, number | string>>;
  readonly time: string;
}

/**
 * Stands for an InfluxDB in tests of what stands before it: a point of the same series and time overwrites the one before.
 * Reads only what KRM's own points hold: no escapes.
 */
export class LineStore implements LineWriter {
  /** By series and time. */
  readonly lines = new Map<string, string>();
  /** Lines that were offered, those that overwrote others included. */
  offered = 0;
  /** While false, nothing is settled and nothing kept, as with a database that is away. */
  open = true;
  #waiting: (() => void)[] = [];

  offer(lines: readonly string[], settled?: () => void): void {
    const write = (): void => {
      for (const line of lines) {
        this.offered++;
        this.lines.set(`${line.slice(0, line.indexOf(" "))} ${line.slice(line.lastIndexOf(" ") + 1)}`, line);
      }
      settled?.();
    };
    if (this.open) write();
    else this.#waiting.push(write);
  }

  /** Takes what waited. */
  openUp(): void {
    this.open = true;
    for (const write of this.#waiting.splice(0)) write();
  }

  /** Forgets what waited, as a process that ends does. */
  lose(): void {
    this.#waiting = [];
    this.open = true;
  }

  points(measurement: string): ReadPoint[] {
    return [...this.lines.values()].map(read).filter((point) => point.measurement === measurement);
  }
}

function read(line: string): ReadPoint {
  const [series = "", fields = "", time = ""] = line.split(" ");
  const [measurement = "", ...tags] = series.split(",");
  const pairs = (list: readonly string[]): [string, string][] =>
    list.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]);
  return {
    measurement,
    tags: Object.fromEntries(pairs(tags)),
    fields: Object.fromEntries(
      pairs(fields.split(",")).map(([name, value]) => [
        name,
        value.startsWith('"') ? value.slice(1, -1) : Number(value.replace(/i$/, "")),
      ]),
    ),
    time,
  };
}
