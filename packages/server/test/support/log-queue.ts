import type { Logger } from "@krm/core";

/** One line of a log. */
export interface LogEntry {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A logger whose lines, but for debug ones, can be waited for. */
export class LogQueue implements Logger {
  readonly #entries: LogEntry[] = [];
  #wake = Promise.withResolvers<void>();

  debug(): void {}

  info(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#entries.push({ fields, message });
    this.#wake.resolve();
  }

  warn(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.info(fields, message);
  }

  error(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.info(fields, message);
  }

  async nextEntry(): Promise<LogEntry> {
    for (;;) {
      const entry = this.#entries.shift();
      if (entry !== undefined) return entry;
      this.#wake = Promise.withResolvers<void>();
      await this.#wake.promise;
    }
  }

  async next(): Promise<string> {
    return (await this.nextEntry()).message;
  }
}
