import { Reporter } from "../monitor/reporter.ts";
import type { VerifierReport } from "../monitor/role-status.ts";
import { isFinal } from "../store/final-failure.ts";
import { Verifier } from "../verify/verifier.ts";
import { type Held, holdRoles } from "./hold-roles.ts";
import { LogSink } from "./log-sink.ts";
import { type ClusterRoleOptions, DEFAULT_VERIFY_BUDGET, runTogether } from "./role-process.ts";

/** What a VerifyRole works with. */
export interface VerifyRoleOptions extends ClusterRoleOptions {
  /** The mean time between two verifications, in milliseconds. */
  readonly everyMs: number;
  /** Requests to the API server an hour that verifying may make on average. @default DEFAULT_VERIFY_BUDGET */
  readonly budgetPerHour?: number | undefined;
}

/** Before the first list there is nothing to verify: that is looked for this often, in milliseconds. */
const LOOK_AGAIN_MS = 1000;

/**
 * The Verifier of one scope on its own: its snapshots go to its input log, bodies only of what the view does not hold
 * at that very version, for a Merger in another process.
 */
export class VerifyRole {
  readonly #options: VerifyRoleOptions;
  #report: VerifierReport | undefined;
  #sink: LogSink | undefined;
  #verifier: Verifier | undefined;

  constructor(options: VerifyRoleOptions) {
    this.#options = options;
  }

  /** How the verifier is; undefined: it never had the role. */
  get report(): VerifierReport | undefined {
    return this.#report;
  }

  /** Inputs that are not written to the store yet. */
  get queued(): number {
    return this.#sink?.queued ?? 0;
  }

  /** Verifies at once instead of when it is due, if it has the role. */
  verifyNow(): void {
    this.#verifier?.verifyNow();
  }

  /** Takes the role when it is free and verifies, until the signal aborts. Rejects as `holdRoles` does. */
  async run(signal: AbortSignal): Promise<void> {
    await holdRoles(
      { ...this.#options, roles: ["verifier"], backoff: this.#options.storeBackoff },
      signal,
      (held, over) => this.#verify(held, over),
    );
  }

  async #verify(held: Held<"verifier">, signal: AbortSignal): Promise<void> {
    const { store, clock, logger, manifest, storeBackoff, onState } = this.#options;
    const { verifier: lease } = held.leases;
    const reporter = new Reporter({ verifier: lease }, clock, logger);
    const { log } = lease;
    const common = { ...this.#options, log, batch: manifest.batch, untilMerged: true };
    const sink = new LogSink({ ...common, backoff: storeBackoff });
    this.#sink = sink;
    let phase: string | undefined;
    const work = async (over: AbortSignal): Promise<void> => {
      const { verifiedAt, waited } = await this.#synced(over);
      if (over.aborted) return;
      // Whoever verified before may have ended in the middle of it.
      sink.offer([{ type: "verification-abandoned", epoch: log.start.epoch }]);
      const verifier = new Verifier({
        ...this.#options,
        sink,
        budgetPerHour: this.#options.budgetPerHour ?? DEFAULT_VERIFY_BUDGET,
        soon: !waited,
        verifiedAt,
        before: this.#report,
        // The streamer's own list tells whether the cluster's history restarted.
        onBehind: () => void store.ask("streamer", "relist").catch(() => {}),
        onForeign: () => void store.ask("streamer", "new-history").catch(() => {}),
        onReport: (report) => {
          this.#report = report;
          reporter.put("verifier", report);
          if (report.state.phase === phase) return;
          phase = report.state.phase;
          onState?.(report.state);
        },
      });
      this.#verifier = verifier;
      held.onRequest = (request) => {
        if (request === "verify-in-full") verifier.verifyNow(true);
        if (request === "verify-soon") verifier.verifySoon();
      };
      await verifier.run(over);
    };
    await reporter.during(async () => runTogether(signal, [async (over) => sink.run(over), work]));
  }

  /** Waits for the first complete list in the view; then when it was last verified. Comes to an end also when aborted. */
  async #synced(signal: AbortSignal): Promise<{ readonly verifiedAt: number | undefined; readonly waited: boolean }> {
    let waited = false;
    const { store, clock, logger } = this.#options;
    while (!signal.aborted) {
      try {
        const { version, verifiedAt } = await store.meta({ signal });
        if (version !== undefined) return { verifiedAt, waited };
      } catch (error) {
        if (isFinal(error)) throw error;
        logger.debug({ err: error }, "could not read from the store; trying again");
      }
      waited = true;
      await clock.sleep(LOOK_AGAIN_MS, { signal }).catch(() => {});
    }
    return { verifiedAt: undefined, waited };
  }
}
