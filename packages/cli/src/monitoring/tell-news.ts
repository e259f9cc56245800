import { type Clock, type Drift, type Logger, type Monitor, resourceName } from "@krm/core";
import { newsOf, type Told } from "./scope-news.ts";

/** Missed events of one verification that are named. */
const SHOWN = 3;
/** A view turns stale by time alone, so it is looked at now and then. */
const EVERY_MS = 1000;

/** Tells every change of a scope's condition, one line each, until aborted. */
export async function tellNews(monitor: Monitor, logger: Logger, clock: Clock, signal: AbortSignal): Promise<void> {
  let told: Told = new Map();
  const tell = async (): Promise<void> => {
    const { news, told: after } = newsOf(await monitor.status(), told);
    told = after;
    for (const { level, text, about } of news) logger[level]({ about }, text);
  };
  monitor.events.on("verified", ({ resource, namespace }, { drift }) => {
    if (drift.length === 0) return;
    const name = `${resourceName(resource)}${namespace === undefined ? "" : ` in ${namespace}`}`;
    logger.info({ about: { drift } }, `${name}: repaired what the stream had missed: ${driftText(drift)}`);
  });
  while (!signal.aborted) {
    try {
      await clock.sleep(EVERY_MS, { signal });
    } catch {
      return;
    }
    await tell();
  }
}

/** The first of them by name, and how many more. */
function driftText(drift: readonly Drift[]): string {
  const shown = drift.slice(0, SHOWN).map(({ key, type }) => `${key} ${type}`);
  const more = drift.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
