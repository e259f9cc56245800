import type { Logger } from "@krm/core";

/** One line of a log. */
export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A logger that keeps its lines and can be waited for. */
export interface LogSpy extends Logger {
  readonly lines: readonly LogLine[];
  /** The first line, there already or yet to come, whose message or error contains `words`. */
  line(words: string): Promise<LogLine>;
}

export function logSpy(): LogSpy {
  const lines: LogLine[] = [];
  const waiting: [string, (line: LogLine) => void][] = [];
  const says = (line: LogLine, words: string): boolean =>
    `${line.message} ${String(line.fields["error"])}`.includes(words);
  const add =
    (level: LogLine["level"]): Logger["debug"] =>
    (fields, message) => {
      const line = { level, fields, message };
      lines.push(line);
      for (const [words, found] of waiting) if (says(line, words)) found(line);
    };
  return {
    lines,
    debug: add("debug"),
    info: add("info"),
    warn: add("warn"),
    error: add("error"),
    line(words) {
      const known = lines.find((line) => says(line, words));
      if (known !== undefined) return Promise.resolve(known);
      const { promise, resolve } = Promise.withResolvers<LogLine>();
      waiting.push([words, resolve]);
      return promise;
    },
  };
}
