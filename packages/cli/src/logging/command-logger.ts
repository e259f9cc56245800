import type { Logger } from "@krm/core";
import type { CliIo } from "../io.ts";
import type { LogLevel } from "../options/common-flags.ts";
import { hasColours } from "../terminal/paint.ts";
import { makeLogger } from "./logger.ts";

/**
 * The log of a command, on stderr.
 *
 * @param format `auto`: for people on a terminal, JSON elsewhere.
 */
export function commandLogger(
  io: CliIo,
  options: {
    readonly level: LogLevel;
    readonly format: "text" | "auto";
    /** Default: to stderr. */
    readonly write?: (line: string) => void;
  },
): Logger {
  const { level, format, write = (line) => void io.stderr.write(line) } = options;
  return makeLogger({
    level,
    format: format === "text" || io.stderr.isTTY === true ? "text" : "json",
    colours: hasColours(io.stderr, io.env),
    write,
  });
}
