import type { Logger } from "@krm/core";

/** One line of a log. */
export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A logger that keeps its lines. */
export interface LogSpy extends Logger {
  readonly lines: readonly LogLine[];
  /** `level: message` of each line, from `info` up. */
  readonly told: readonly string[];
  /** Everything that was logged, as one text: for what must not be in it. */
  readonly text: string;
}

export function logSpy(): LogSpy {
  const lines: LogLine[] = [];
  const add =
    (level: LogLine["level"]): Logger["debug"] =>
    (fields, message) =>
      void lines.push({ level, fields, message });
  return {
    lines,
    get told() {
      return lines.filter(({ level }) => level !== "debug").map(({ level, message }) => `${level}: ${message}`);
    },
    get text() {
      return JSON.stringify(lines);
    },
    debug: add("debug"),
    info: add("info"),
    warn: add("warn"),
    error: add("error"),
  };
}
