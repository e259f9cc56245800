import type { Logger } from "@krm/core";
import type { CliIo } from "../io.ts";
import type { LogOptions } from "../options/log-flags.ts";
import { hasColours } from "../terminal/paint.ts";
import { makeLogger } from "./logger.ts";

/**
 * The log of a command, on stderr.
 *
 * @param write Gets each line with its line break. Default: to stderr.
 */
export function commandLogger(
  io: CliIo,
  options: LogOptions,
  write: (line: string) => void = (line) => void io.stderr.write(line),
): Logger {
  return makeLogger({
    level: options.logLevel,
    format: logFormat(io, options),
    colours: hasColours(io.stderr, io.env),
    write,
  });
}

/** `auto` is for people on a terminal, and JSON elsewhere. */
export function logFormat(io: Pick<CliIo, "stderr">, options: Pick<LogOptions, "logFormat">): "json" | "text" {
  if (options.logFormat !== "auto") return options.logFormat;
  return io.stderr.isTTY === true ? "text" : "json";
}
