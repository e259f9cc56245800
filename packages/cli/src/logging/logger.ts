import type { Logger } from "@krm/core";
import { pino } from "pino";
import type { LogLevel } from "../options/common-flags.ts";
import { withoutLogins } from "../text/without-logins.ts";
import { humanLine } from "./human-line.ts";
import { isRecord } from "./is-record.ts";
import { programFields } from "./program-fields.ts";

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
    write: (line: string): void => {
      // Last of all, and whoever said it: no URL with a login leaves this process.
      const safe = withoutLogins(line);
      write(format === "json" ? safe : humanLine(safe, { colours, verbose }));
    },
  };
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: {
        level: (label) => ({ level: label }),
        ...(format === "json" ? { log: programFields } : {}),
      },
      redact: { paths: SECRETS, censor: "[redacted]" },
      serializers: { err: (error: unknown) => serializeError(error, verbose) },
    },
    destination,
  );
}

function serializeError(error: unknown, verbose: boolean): unknown {
  // A report of an error has the same parts.
  if (!(error instanceof Error) && !(isRecord(error) && "message" in error)) return { message: String(error) };
  const { code, message, hint, stack } = error as {
    readonly [part in "code" | "message" | "hint" | "stack"]?: unknown;
  };
  return {
    ...(typeof code === "string" ? { code } : {}),
    message,
    ...(typeof hint === "string" ? { hint } : {}),
    ...(verbose && typeof stack === "string" ? { stack } : {}),
  };
}
