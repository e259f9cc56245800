import { Reporter } from "../monitor/reporter.ts";
import type { DesyncCause, StreamerReport } from "../monitor/role-status.ts";
import { type EventLoopLag, systemEventLoop } from "../ports/event-loop.ts";
import { Streamer } from "../stream/streamer.ts";
import { type Held, holdRoles } from "./hold-roles.ts";
import { LogSink } from "./log-sink.ts";
import { type ClusterRoleOptions, runTogether } from "./role-process.ts";

/** What a StreamRole works with. */
export interface StreamRoleOptions extends ClusterRoleOptions {
  /** How often what cannot be watched is listed, in milliseconds. */
  readonly pollEveryMs: number;
  /** Whether this process itself is slow, for the report. @default systemEventLoop */
  readonly eventLoop?: EventLoopLag | undefined;
  readonly onDesync?: ((cause: DesyncCause) => void) | undefined;
}

/**
 * The Streamer of one scope on its own: what it learns goes to its input log, for a Merger in another process. Goes on
 * from the position that the store holds, without a list where the API server still has what came after.
 */
export class StreamRole {
  readonly #options: StreamRoleOptions;
  #report: StreamerReport | undefined;
  #sink: LogSink | undefined;

  constructor(options: StreamRoleOptions) {
    this.#options = options;
  }

  /** How the streamer is; undefined: it never had the role. */
  get report(): StreamerReport | undefined {
    return this.#report;
  }

  /** Inputs that are not written to the store yet. */
  get queued(): number {
    return this.#sink?.queued ?? 0;
  }

  /** Takes the role when it is free and streams, until the signal aborts. Rejects as `holdRoles` does. */
  async run(signal: AbortSignal): Promise<void> {
    await holdRoles(
      { ...this.#options, roles: ["streamer"], backoff: this.#options.storeBackoff },
      signal,
      (held, over) => this.#stream(held, over),
    );
  }

  async #stream(held: Held<"streamer">, signal: AbortSignal): Promise<void> {
    const { clock, logger, onState, manifest, storeBackoff } = this.#options;
    const { streamer: lease } = held.leases;
    const reporter = new Reporter({ streamer: lease }, clock, logger);
    const { log } = lease;
    const common = { ...this.#options, log, batch: manifest.batch, untilMerged: false };
    const sink = new LogSink({ ...common, backoff: storeBackoff });
    this.#sink = sink;
    let phase: string | undefined;
    const streamer = new Streamer({
      ...this.#options,
      sink,
      start: { ...log.start, afterLoss: held.again },
      before: this.#report,
      eventLoop: this.#options.eventLoop ?? systemEventLoop,
      onReport: (report) => {
        this.#report = report;
        reporter.put("streamer", report);
        if (report.state.phase === phase) return;
        phase = report.state.phase;
        onState?.(report.state);
      },
    });
    held.onRequest = (request) => {
      if (request === "relist") streamer.relist();
      if (request === "resync") streamer.resync("incomplete-settlement");
      if (request === "rewatch") streamer.rewatch();
      if (request === "new-history") streamer.newHistory();
    };
    await reporter.during(async () =>
      runTogether(signal, [async (over) => sink.run(over), async (over) => streamer.run(over)]),
    );
  }
}
