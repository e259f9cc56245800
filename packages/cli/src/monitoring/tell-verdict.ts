import { type DecidedVerdict, type Logger, type MissedEvent, resourceName, type Scope, scopeId } from "@krm/core";
import { causeText, exposureText } from "./missed-text.ts";
import { scopeName } from "./scope-name.ts";

/** As many as the ledger remembers one by one. */
const SHOWN = 100;

/**
 * Tells how a verification ended, for `debug`, and every event that it showed the stream to have missed, one line each.
 *
 * @param most Lines, at most; what is left out is counted in one more.
 */
export function tellVerdict(logger: Logger, scope: Scope, verdict: DecidedVerdict, most: number = SHOWN): void {
  const { drift, horizon, mode, result } = verdict;
  const what = mode === "resync" ? "list after a gap" : mode === "told" ? "lost write" : `verification (${mode})`;
  const about = { event: "verified", scope: scopeId(scope), horizon, mode, result, missed: drift.length };
  logger.debug({ about }, `${scopeName(scope)}: ${what} at version ${horizon}: ${result}`);
  for (const missed of drift.slice(0, most)) tellMissed(logger, scope, missed);
  const more = drift.length - most;
  if (more > 0)
    logger.info(
      { about: { scope: scopeId(scope) } },
      `${scopeName(scope)}: and ${more} more missed ${more === 1 ? "event" : "events"}`,
    );
}

function tellMissed(logger: Logger, scope: Scope, missed: MissedEvent): void {
  const { key, type, cause, exposedMs } = missed;
  const exposed = `exposed for ${exposureText(exposedMs)}`;
  logger.info(
    { about: { event: "missed", scope: scopeId(scope), missed } },
    `${resourceName(scope.resource)} ${key}: missed ${type}, ${exposed}, cause: ${causeText(cause)}`,
  );
}
