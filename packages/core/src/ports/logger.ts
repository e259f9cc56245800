/** Structured logging as a port: pino's loggers fit as they are. `fields` never holds a secret. */
export interface Logger {
  debug(fields: Readonly<Record<string, unknown>>, message: string): void;
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

const ignore = (): void => {};

/** Says nothing: the default of the embedded library. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
