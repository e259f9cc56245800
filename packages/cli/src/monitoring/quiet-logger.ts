import { KrmError, type Logger } from "@krm/core";

/** Codes of trouble with the API server, which the roles' states tell once, when it begins and when it ends. */
const TOLD_BY_STATE = ["KRM_API_STATUS", "KRM_CONNECTION", "KRM_DECODE", "KRM_LIST_INCONSISTENT", "KRM_WATCH_SILENT"];

/** Passes a log on, but what repeats with every try of a request only for `debug`. */
export function quietLogger(logger: Logger): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => {
      const { err } = fields;
      if (KrmError.is(err) && TOLD_BY_STATE.includes(err.code)) logger.debug(fields, message);
      else logger.warn(fields, message);
    },
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
