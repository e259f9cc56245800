import type { Logger } from "@krm/core";

/** A log that is kept: `level message`. */
export interface RecordingLogger extends Logger {
  readonly lines: string[];
}

/** Makes a {@link RecordingLogger}. */
export function recordingLogger(): RecordingLogger {
  const lines: string[] = [];
  const write =
    (level: string): Logger["info"] =>
    (_fields, message) =>
      void lines.push(`${level} ${message}`);
  return { lines, debug: () => {}, info: write("info"), warn: write("warn"), error: write("error") };
}
