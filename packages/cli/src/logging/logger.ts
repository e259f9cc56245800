import type { Logger } from "@krm/core";
import { pino } from "pino";
import type { LogLevel } from "../options/common-flags.ts";
import { humanLine } from "./human-line.ts";

/** How a log is written. */
export interface LogOptions {
  readonly level: LogLevel;
  /** `text`: one line for people; `json`: pino's lines, for machines. */
  readonly format: "text" | "json";
  /** With `text`: with colours. */
  readonly colours: boolean;
  /** Gets each line with its line break. */
  readonly write: (line: string) => void;
}

/** What is never written, wherever a caller may have put it. */
const SECRETS = ["token", "password", "authorization", "headers.authorization", "*.token", "*.password"];

/** Makes the log of a command. */
export function makeLogger({ level, format, colours, write }: LogOptions): Logger {
  const verbose = level === "debug";
  const destination = {
    write: (line: string): void => write(format === "json" ? line : humanLine(line, { colours, verbose })),
  };
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS, censor: "[redacted]" },
      serializers: { err: (error: unknown) => serializeError(error, verbose) },
    },
    destination,
  );
}

function serializeError(error: unknown, verbose: boolean): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, hint } = error as { readonly code?: unknown; readonly hint?: unknown };
  return {
    ...(typeof code === "string" ? { code } : {}),
    message: error.message,
    ...(typeof hint === "string" ? { hint } : {}),
    ...(verbose ? { stack: error.stack } : {}),
  };
}
