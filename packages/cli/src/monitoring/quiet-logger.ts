import { KrmError, type Logger } from "@krm/core";

/**
 * Codes of trouble that is told once, when it begins and when it ends: with the API server by the roles' states, with the
 * store by `StoreHealth`.
 */
const TOLD_ELSEWHERE = [
  "KRM_API_STATUS",
  "KRM_CONNECTION",
  "KRM_DECODE",
  "KRM_LIST_INCONSISTENT",
  "KRM_STORE_FAILED",
  "KRM_WATCH_SILENT",
];

/** Passes a log on, but what repeats with every try of a request, and who has a role, only for `debug`; that it was taken anew after a loss is told. */
export function quietLogger(logger: Logger): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger["roles" in fields && !("again" in fields) ? "debug" : "info"](fields, message),
    warn: (fields, message) => {
      const { err } = fields;
      if (KrmError.is(err) && TOLD_ELSEWHERE.includes(err.code)) logger.debug(fields, message);
      else logger.warn(fields, message);
    },
    error: (fields, message) => logger.error(fields, message),
  };
}

/** Passes the log of a store on, but that its connection breaks and is back, which `StoreHealth` tells, only for `debug`. */
export function storeLogger(logger: Logger): Logger {
  const unlessPurpose = (level: "info" | "warn"): Logger["info"] => {
    // Each connection of a store has one of its own.
    return (fields, message) => logger["purpose" in fields ? "debug" : level](fields, message);
  };
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: unlessPurpose("info"),
    warn: unlessPurpose("warn"),
    error: (fields, message) => logger.error(fields, message),
  };
}

/** Passes a log on, one of its levels only for `debug`. */
export function lowered(logger: Logger, level: "info" | "warn"): Logger {
  const debug: Logger["debug"] = (fields, message) => logger.debug(fields, message);
  return {
    debug,
    info: level === "info" ? debug : (fields, message) => logger.info(fields, message),
    warn: level === "warn" ? debug : (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  };
}
