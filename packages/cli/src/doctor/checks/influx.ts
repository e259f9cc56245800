import type { Clock } from "@krm/core";
import { influxTarget } from "../../metrics/influx-target.ts";
import type { InfluxFlagOptions } from "../../options/influx-flags.ts";
import type { Check } from "../check.ts";
import { failedBy, ok, warning } from "../finding.ts";

/** InfluxDB: is it reached, does it know the writer, is there somewhere to write. Nothing is written. */
export function influxCheck(flags: InfluxFlagOptions, url: string, clock: Clock): Check {
  return {
    name: "InfluxDB",
    after: [],
    async run(signal) {
      const { probeInflux } = await import("@krm/metrics/influx");
      const probe = await probeInflux(await influxTarget(flags, url), { clock, signal });
      switch (probe.type) {
        case "writable":
          return [ok(`${probe.server} takes writes to ${probe.place}`)];
        case "no-database":
          return [
            warning(
              `${probe.server} answers, and does not have ${probe.place} yet`,
              "Nothing where the user may create it, as the collector does; else: CREATE DATABASE.",
            ),
          ];
        case "failed":
          return [failedBy(probe.error)];
        default:
          return probe satisfies never;
      }
    },
  };
}
