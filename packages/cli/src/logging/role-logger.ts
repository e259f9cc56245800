import type { Logger } from "@krm/core";
import { isRecord } from "./is-record.ts";

/** Passes a log on, with what this process is in every line for programs. */
export function roleLogger(logger: Logger, role: string): Logger {
  const told = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
    const { about } = fields;
    return { ...fields, about: { role, ...(isRecord(about) ? about : {}) } };
  };
  return {
    debug: (fields, message) => logger.debug(told(fields), message),
    info: (fields, message) => logger.info(told(fields), message),
    warn: (fields, message) => logger.warn(told(fields), message),
    error: (fields, message) => logger.error(told(fields), message),
  };
}
