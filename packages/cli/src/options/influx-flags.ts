import { UsageError } from "../errors/usage-error.ts";
import { durationBetween } from "./duration.ts";
import { type Flag, flag, RepeatableFlag } from "./flag.ts";
import { wholeNumber } from "./number.ts";
import { ParseError } from "./parse-error.ts";

/** Where measurements go, and how. */
export interface InfluxFlagOptions {
  readonly influxUrl?: string;
  readonly influxDb?: string;
  readonly influxUser?: string;
  readonly influxPasswordFile?: string;
  readonly influxOrg?: string;
  readonly influxBucket?: string;
  readonly influxTokenFile?: string;
  readonly influxTag?: readonly (readonly [key: string, value: string])[];
  /** Milliseconds. */
  readonly influxFlush: number;
  /** Milliseconds; undefined: a point for each event. */
  readonly influxHistograms?: number;
  readonly influxSpill?: string;
  readonly influxSpillMib: number;
}

/** As commander has them: those that do nothing without `--influx-url`. */
export const INFLUX_DETAILS: readonly string[] = [
  "influxDb",
  "influxUser",
  "influxPasswordFile",
  "influxOrg",
  "influxBucket",
  "influxTokenFile",
  "influxTag",
  "influxFlush",
  "influxHistograms",
  "influxSpill",
  "influxSpillMib",
];

const SPILL_MIB = 1024;

const V1 = ["--influx-db", "--influx-user", "--influx-password-file"];

/** `--influx-…` */
export function influxFlags(): readonly Flag[] {
  return [
    flag("--influx-url <URL>", "write delays and drift to the InfluxDB there: http://HOST:8086", {
      complete: async (url: string) => {
        const { checkInfluxTarget } = await import("@krm/metrics/influx");
        checkInfluxTarget({ api: "v1", url, database: "krm" });
        return url;
      },
    }),
    flag("--influx-db <NAME>", "its database, for InfluxDB 1.x; created where it is missing and may be"),
    flag("--influx-user <NAME>", "who writes, for InfluxDB 1.x"),
    flag("--influx-password-file <FILE>", "and the password"),
    flag("--influx-org <NAME>", "the organisation, for InfluxDB 2.x and 3.x (and VictoriaMetrics)", { excludes: V1 }),
    flag("--influx-bucket <NAME>", "and the bucket", { excludes: V1 }),
    flag("--influx-token-file <FILE>", "and a token that may write to it", { excludes: V1 }),
    new RepeatableFlag(
      "--influx-tag <KEY=VALUE>",
      "a tag of every point, to tell clusters apart; may come several times",
      {
        parse: readTag,
      },
    ),
    flag(
      "--influx-flush <TIME>",
      "how long a point waits at most for others; how often resources are sampled, from each second to each 10s",
      {
        parse: durationBetween({ min: 100, max: 600_000 }),
        default: 10_000,
        shown: "10s",
      },
    ),
    flag("--influx-histograms <TIME>", "one point for each TIME and kind of event, instead of one for each event", {
      parse: durationBetween({ min: 1000, max: 3_600_000 }),
    }),
    flag(
      "--influx-spill <DIR>",
      "keep what cannot be written in this folder, rather than drop the oldest (default: drop)",
    ),
    flag("--influx-spill-mib <N>", "how much it may hold before the oldest is dropped", {
      parse: wholeNumber({ min: 1, max: 1_000_000 }),
      default: SPILL_MIB,
    }),
  ];
}

/**
 * Refuses flags that do not say where to write.
 *
 * @throws UsageError
 */
export async function checkInfluxFlags(options: InfluxFlagOptions): Promise<void> {
  const { influxUrl, influxDb, influxUser, influxPasswordFile, influxOrg, influxBucket, influxTokenFile } = options;
  const { influxSpill, influxSpillMib } = options;
  if (influxUrl === undefined) return;
  for (const [key] of options.influxTag ?? []) {
    const { isPointName } = await import("@krm/metrics");
    if (isPointName(key))
      throw new UsageError(
        `--influx-tag: ${JSON.stringify(key)} is something that points have already`,
        "Choose another name.",
      );
  }
  if (influxDb === undefined && influxBucket === undefined) {
    throw new UsageError(
      "--influx-url does not say where to write",
      "Add --influx-db NAME for InfluxDB 1.x, or --influx-org, --influx-bucket and --influx-token-file for 2.x and 3.x.",
    );
  }
  if (influxPasswordFile !== undefined && influxUser === undefined)
    throw new UsageError("--influx-password-file needs --influx-user", "Name the user whose password it is.");
  if (influxBucket !== undefined && influxOrg === undefined)
    throw new UsageError("--influx-bucket needs --influx-org", "Name the organisation whose bucket it is.");
  if (influxSpill === undefined && influxSpillMib !== SPILL_MIB)
    throw new UsageError("--influx-spill-mib needs --influx-spill", "Name the folder that may hold as much.");
  if (influxTokenFile !== undefined && influxBucket === undefined)
    throw new UsageError("--influx-token-file needs --influx-bucket", "Name the bucket that the token may write to.");
}

const KEY = /^[A-Za-z][A-Za-z0-9_.-]{0,62}$/;
function readTag(text: string): readonly (readonly [string, string])[] {
  const equals = text.indexOf("=");
  const key = equals < 0 ? text : text.slice(0, equals);
  const value = equals < 0 ? "" : text.slice(equals + 1);
  if (!KEY.test(key) || value === "") throw new ParseError(`${JSON.stringify(text)} is no tag: write cluster=eu-1`);
  return [[key, value]];
}
