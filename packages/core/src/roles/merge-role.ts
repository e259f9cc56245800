import { blamesTheWatch } from "../merge/ledger.ts";
import type { DecidedVerdict, MergeInput, Step } from "../merge/merge-input.ts";
import { Merger } from "../merge/merger.ts";
import { Reporter } from "../monitor/reporter.ts";
import type { MergerReport, Role } from "../monitor/role-status.ts";
import type { InputRole } from "../store/input-log.ts";
import type { MergerLease, RoleSignal } from "../store/lease.ts";
import { isFinal } from "../store/final-failure.ts";
import { LogAssembler } from "../store/log-records.ts";
import type { ViewCommit } from "../store/store.ts";
import { backoffMs, STORE_BACKOFF } from "../stream/backoff.ts";
import { askRole } from "./ask-role.ts";
import { type Held, holdRoles } from "./hold-roles.ts";
import { type RoleProcessOptions, runTogether } from "./role-process.ts";
import { tellLost } from "./tell-lost.ts";

/** What a MergeRole works with. */
export interface MergeRoleOptions extends RoleProcessOptions {
  readonly onVerdict?: ((verdict: DecidedVerdict) => void) | undefined;
  readonly onCommit?: ((commit: ViewCommit) => void) | undefined;
  /** Called with each input and what it did, in order, before that is written: for recorders. */
  readonly onStep?: ((input: MergeInput, step: Step) => void) | undefined;
}

/** Logs are read ahead of the merge by so many commits at most: what waits in the store needs no second place. */
const AHEAD = 4;

/**
 * The Merger of one scope on its own: reads the input logs that Streamer and Verifier write in other processes, and
 * keeps the view. After a crash it goes on behind what its last commit had consumed.
 */
export class MergeRole {
  readonly #options: MergeRoleOptions;
  #merger: Merger | undefined;

  constructor(options: MergeRoleOptions) {
    this.#options = options;
  }

  /** How the merger is; undefined: it never had the role. */
  get report(): MergerReport | undefined {
    return this.#merger?.report;
  }

  /** Inputs that are not merged yet, of those that were read. */
  get queued(): number {
    return this.#merger?.queued ?? 0;
  }

  /** Takes the role when it is free and merges, until the signal aborts. Rejects as `holdRoles` does. */
  async run(signal: AbortSignal): Promise<void> {
    await holdRoles(
      { ...this.#options, roles: ["merger"], backoff: this.#options.storeBackoff },
      signal,
      (held, over) => this.#merge(held, over),
    );
  }

  async #merge(held: Held<"merger">, signal: AbortSignal): Promise<void> {
    const { manifest, clock, logger, storeBackoff } = this.#options;
    const { merger: lease } = held.leases;
    const reporter = new Reporter({ merger: lease }, clock, logger);
    const merger = new Merger({
      ...this.#options,
      view: lease,
      batch: manifest.batch,
      backoff: storeBackoff,
      onGap: () => void this.#ask("streamer", "resync", signal),
      onIncomplete: () => void this.#ask("verifier", "verify-in-full", signal),
      onBelated: () => void this.#ask("verifier", "verify-soon", signal),
      onVerdict: (verdict) => {
        // Another connection may reach a server that tells everything.
        if (blamesTheWatch(verdict)) void this.#ask("streamer", "rewatch", signal);
        this.#options.onVerdict?.(verdict);
      },
      onReport: (report) => reporter.put("merger", report),
    });
    this.#merger = merger;
    held.onRequest = (request) => tellLost(merger, request);
    reporter.put("merger", merger.report);
    await reporter.during(async () =>
      runTogether(signal, [async (over) => merger.run(over), async (over) => this.#pump(lease, merger, over)]),
    );
  }

  /** What was dropped for want of a body must come again. */
  async #ask(role: Role, request: RoleSignal, signal: AbortSignal): Promise<void> {
    const { store, clock, random, storeBackoff } = this.#options;
    await askRole(role, request, { store, clock, random, backoff: storeBackoff, signal });
  }

  /** Carries the logs' records to the Merger, never more than it can take. */
  async #pump(lease: MergerLease, merger: Merger, signal: AbortSignal): Promise<void> {
    const { manifest, clock, logger, random, storeBackoff = STORE_BACKOFF } = this.#options;
    const assemblers: Record<InputRole, LogAssembler> = { streamer: new LogAssembler(), verifier: new LogAssembler() };
    const behind: Partial<Record<InputRole, string>> = {};
    let failures = 0;
    while (!signal.aborted) {
      try {
        for await (const { log, records, cursor } of lease.inputs({ signal })) {
          failures = 0;
          const assembler = assemblers[log];
          const inputs = records.flatMap((record) => assembler.take(record) ?? []);
          // A list that has begun must be read again from its first page after a crash; what was before that need not.
          const begun = records.some((record) => record.type === "snapshot-page" && record.page === 0);
          const done = !assembler.holdsPages ? cursor : begun ? behind[log] : undefined;
          const consumed = done === undefined ? undefined : { [log]: done };
          behind[log] = cursor;
          while (!merger.offer(inputs, consumed)) await merger.caughtUp(signal);
          if (merger.queued > AHEAD * manifest.batch.changes) await merger.caughtUp(signal);
        }
      } catch (error) {
        if (signal.aborted) return;
        if (isFinal(error)) throw error;
        const retryInMs = backoffMs(++failures, random(), undefined, storeBackoff);
        if (failures === 1) logger.warn({ err: error, retryInMs }, "could not read from the store; trying again");
        await clock.sleep(retryInMs, { signal }).catch(() => {});
      }
    }
  }
}
