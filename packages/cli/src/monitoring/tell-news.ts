import { type CallOptions, type Clock, KrmError, type Logger, type Monitor } from "@krm/core";
import { type Condition, newsOf, type Told } from "./condition-news.ts";
import type { MonitorBoard } from "./monitor-board.ts";
import { FIRST_CONDITION, scopeCondition } from "./scope-news.ts";
import { Standings } from "./standings.ts";
import { tellVerdict } from "./tell-verdict.ts";

/** Some conditions change by time alone, so they are looked at now and then. */
const EVERY_MS = 1000;

/** Where news go, and until when. */
export interface TellOptions {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What counts as told of those that are seen for the first time. */
  readonly before?: string;
  /** A line for each scope, rather than one for all that changed alike: for programs. */
  readonly each?: boolean;
}

/** Tells every change of a condition, one line each, until aborted. */
export async function tellChanges(
  read: (options: CallOptions) => Promise<readonly Condition[]>,
  { logger, clock, signal, before, each }: TellOptions,
): Promise<void> {
  let told: Told = new Map();
  for (;;) {
    try {
      await clock.sleep(EVERY_MS, { signal });
      const { news, told: after } = newsOf(await read({ signal }), told, { before, each });
      told = after;
      for (const { level, text, about } of news) logger[level]({ about }, text);
    } catch (error) {
      if (signal.aborted) return;
      // A store that does not answer is told by itself.
      if (!KrmError.is(error, "KRM_STORE_FAILED")) throw error;
    }
  }
}

/** What of a monitor is told, and to whom. */
export interface TellNewsOptions extends TellOptions {
  /** Over a store that processes share: who monitors is told too. */
  readonly shared: boolean;
  /** Missed events that are told one by one of each verification. */
  readonly mostMissed?: number;
  /** Looks along, about every second. */
  readonly board?: Pick<MonitorBoard, "see">;
}

/** Tells how a monitor's scopes are, what verification found, and, over a shared store, who monitors. */
export async function tellNews(
  monitor: Monitor,
  { shared, mostMissed, board, ...options }: TellNewsOptions,
): Promise<void> {
  const standings = new Standings(monitor.scopes, "all");
  monitor.events.on("standing", (scope, standing) => standings.set(scope, standing));
  monitor.events.on("verified", (scope, verdict) => tellVerdict(options.logger, scope, verdict, mostMissed));
  const look = async (call: CallOptions): Promise<readonly Condition[]> => {
    const statuses = await monitor.status(call);
    board?.see(statuses);
    return statuses.map(scopeCondition);
  };
  const views = tellChanges(look, { ...options, before: FIRST_CONDITION });
  const holders = shared ? tellChanges(async () => standings.conditions(), options) : undefined;
  await Promise.all([views, holders]);
}
