import type { Clock } from "../ports/clock.ts";
import type { ListWatch } from "../ports/list-watch.ts";
import type { Logger } from "../ports/logger.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { BackoffOptions } from "../stream/backoff.ts";

/** What every role that talks to the API server works with. */
export interface RoleOptions {
  readonly listWatch: ListWatch;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Chance for back-off, jitter and watch timeouts, in [0, 1). */
  readonly random: () => number;
  /** Runs a list when there is room for one: lists of many resources are not all started at once. */
  readonly listSlot: <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;
  /** Objects per page. */
  readonly pageSize: number;
  /** @default noTelemetry */
  readonly telemetry?: Telemetry | undefined;
  /** @default DEFAULT_BACKOFF */
  readonly backoff?: BackoffOptions | undefined;
}
