import type { Clock, KrmError, Logger } from "@krm/core";
import type { Failure } from "./failure-error.ts";
import { type InfluxBackoff, retryPauseMs } from "./retry-pause.ts";

/** Whether the database takes lines. */
export type ContactState =
  | { readonly type: "sound" }
  | {
      readonly type: "failing";
      /** Epoch milliseconds. */
      readonly since: number;
      /** In a row. */
      readonly failures: number;
      /** What kind of failure it is: another kind is worth another line in the log. */
      readonly kind: string;
      readonly error: KrmError;
    };

/** What a {@link Contact} is made of. */
export interface ContactOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly backoff: InfluxBackoff;
}

/** Knows how the database behaves: how long to wait after a failure, and what to tell of it, once. */
export class Contact {
  readonly #options: ContactOptions;
  #state: ContactState = { type: "sound" };

  constructor(options: ContactOptions) {
    this.#options = options;
  }

  get state(): ContactState {
    return this.#state;
  }

  /** An exchange failed like this; how many milliseconds to wait before the next. */
  failed(failure: Failure, error: KrmError): number {
    const { clock, logger, random, backoff } = this.#options;
    const before = this.#state;
    const kind = kindOf(failure);
    const told = before.type === "failing" && before.kind === kind;
    const [since, failures] = before.type === "failing" ? [before.since, before.failures + 1] : [clock.now(), 1];
    this.#state = { type: "failing", since, failures, kind, error };
    if (!told) {
      const fields = { code: error.code, error: error.message, hint: error.hint };
      logger.warn(fields, "lines cannot be written to InfluxDB now; they are kept and tried again");
    }
    if (failure.type === "blocked") return backoff.blockedMs;
    return retryPauseMs(failures, random(), failure.type === "retry" ? failure.retryAfterMs : undefined, backoff);
  }

  /** An exchange went well, or failed by its lines alone. */
  succeeded(): void {
    const before = this.#state;
    if (before.type === "sound") return;
    const { clock, logger } = this.#options;
    this.#state = { type: "sound" };
    const seconds = Math.round((clock.now() - before.since) / 1000);
    logger.info({ seconds, failures: before.failures }, "InfluxDB takes lines again");
  }
}

function kindOf(failure: Failure): string {
  switch (failure.type) {
    case "blocked":
      return `blocked ${failure.reason}`;
    case "retry":
      return `answered ${failure.status}`;
    case "unreachable":
      return `unreachable ${failure.code}`;
    default:
      return failure satisfies never;
  }
}
