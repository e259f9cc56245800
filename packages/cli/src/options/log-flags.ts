import { type CommonOptions, logLevelFlag } from "./common-flags.ts";
import { type Flag, flag } from "./flag.ts";
import { oneOf } from "./names.ts";

/** What `--log-format` can be. */
export const LOG_FORMATS = ["auto", "json", "text"] as const;

/** What every command takes that has a log. */
export interface LogOptions extends CommonOptions {
  readonly logFormat: (typeof LOG_FORMATS)[number];
}

/** `--log-level`, `--log-format` */
export function logFlags(): readonly Flag[] {
  return [
    logLevelFlag(),
    flag(
      "--log-format <FORMAT>",
      "json: one JSON object a line; text: lines for people; auto: text on a terminal, JSON elsewhere",
      { ...oneOf(LOG_FORMATS), default: "auto" },
    ),
  ];
}
