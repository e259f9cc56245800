import type { DoctorOptions } from "../commands/doctor/command.ts";
import { SERVER_OPTIONS, type ServerFlagOptions } from "../options/common-flags.ts";
import { INFLUX_DETAILS } from "../options/influx-flags.ts";
import type { Purpose } from "./purpose.ts";

/** Options each of which has something looked at. */
type Asking = keyof ServerFlagOptions | "namespace" | "influxUrl" | "canary" | "nodeLeases";

const OF_MONITORS: readonly Asking[] = ["canary", "nodeLeases"];
const OF_ROLES: readonly Asking[] = [...SERVER_OPTIONS, "influxUrl", ...OF_MONITORS];

/** What each command does not have. */
const IDLE: Readonly<Record<Purpose, readonly Asking[]>> = {
  monitor: [],
  stream: OF_ROLES,
  verify: OF_ROLES,
  merge: OF_ROLES,
  serve: ["namespace", "influxUrl", ...OF_MONITORS],
  metrics: ["namespace", ...SERVER_OPTIONS, ...OF_MONITORS],
};

/** The names of the options, as commander has them, that do nothing for a command: also those that only say more of one. */
export function idleOptions(purpose: Purpose): readonly string[] {
  const idle = IDLE[purpose];
  return [
    ...idle,
    ...(idle.includes("influxUrl") ? INFLUX_DETAILS : []),
    ...(idle.includes("canary") ? ["canaryLease"] : []),
  ];
}

/** Without what is not for the command that is checked for: variables may be set for several commands. */
export function usedOptions(options: DoctorOptions): DoctorOptions {
  const used: DoctorOptions & { -readonly [Name in Asking]?: DoctorOptions[Name] } = { ...options };
  for (const name of IDLE[options.for]) delete used[name];
  return used;
}
