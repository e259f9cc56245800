import { untilAborted } from "../internal/abort.ts";
import { scopeId } from "../model/scope.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import { runTogether } from "../roles/role-process.ts";
import type { FeedBatch, FeedEntry, ScopeStore, ViewMeta } from "../store/store.ts";
import { type BackoffOptions, backoffMs } from "../stream/backoff.ts";
import type { ReplicaScope } from "./replica-scope.ts";
import { isFinal } from "../store/final-failure.ts";
import type { SourceContact } from "./source-contact.ts";

/** What following a scope works with. */
export interface ScopeFollowerOptions {
  readonly source: ScopeStore;
  readonly into: ReplicaScope;
  readonly contact: SourceContact;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly backoff: BackoffOptions;
  /** How often the source is asked for what the roles report. Milliseconds. */
  readonly askEveryMs: number;
}

/** The meta is looked at by itself once in so many turns: a feed that is dead without a word must not look like calm. */
const TURNS_PER_LOOK = 10;

/** A commit that is still not whole with this many changes is left; the view is read again. */
const PENDING = 65_536;

/** The source answers, and its feed cannot be gone on with all the same. */
class FeedTrouble extends Error {}

/** Keeps one scope of a replica as the source has it. One view, one feed and one timer, however long it runs. */
export class ScopeFollower {
  readonly #options: ScopeFollowerOptions;
  /** The source's cursor behind what was taken; undefined: the view has to be read. */
  #position: string | undefined;
  /** The source has lost its view; ours is kept until there is one again. */
  #lost = false;
  /** Batches that have come. */
  #batches = 0;
  /** Those of them that ended in a commit that made sense. */
  #taken = 0;
  /** The number of batches at the last look, if the view had moved further than the feed by then. */
  #behind: number | undefined;
  #cut: (error: FeedTrouble) => void = () => {};

  constructor(options: ScopeFollowerOptions) {
    this.#options = options;
  }

  /** Follows until the signal aborts. Rejects only when the source can never be asked again. */
  async run(signal: AbortSignal): Promise<void> {
    await runTogether(signal, [async (all) => this.#followView(all), async (all) => this.#followReports(all)]);
  }

  async #followView(signal: AbortSignal): Promise<void> {
    const { clock, contact, into, logger, random, backoff } = this.#options;
    let tries = 0;
    while (!signal.aborted) {
      const before = this.#taken;
      let failed = false;
      try {
        await this.#session(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (isFinal(error)) throw error;
        failed = true;
        if (error instanceof FeedTrouble)
          logger.warn({ err: error, scope: scopeId(into.scope) }, "follows the view anew");
        else contact.failed(error);
      }
      into.follows(false);
      tries = this.#taken === before ? tries + 1 : 1;
      // The first reset after some progress is nothing to wait for.
      if (failed || tries > 1)
        await clock.sleep(backoffMs(tries, random(), undefined, backoff), { signal }).catch(() => {});
    }
  }

  /** Reads the view, where there is none, and follows the feed from it until the view has to be read again. */
  async #session(signal: AbortSignal): Promise<void> {
    const { source, into, contact } = this.#options;
    const resumes = this.#position !== undefined;
    if (!resumes) await this.#readView(signal);
    const over = new AbortController();
    const open = AbortSignal.any([signal, over.signal]);
    this.#cut = (error) => over.abort(error);
    const feed = source.changes({ since: this.#position, signal: open })[Symbol.asyncIterator]();
    try {
      // Opened first, looked at then: nothing falls between the two.
      let next = feed.next();
      next.then(
        () => this.#batches++,
        () => {},
      );
      await this.#look(open);
      if (resumes) await this.#askReports(open);
      into.follows(!this.#lost);
      let pending: FeedEntry[] = [];
      for (let first = true; ; first = false, next = feed.next()) {
        const { done, value } = await untilAborted(next, open);
        if (done === true) throw new FeedTrouble("the store ended the change feed");
        contact.heard();
        if (!first) this.#batches++;
        const batch: FeedBatch = value;
        if (batch.type === "reset" || pending.length > PENDING) break;
        for (const entry of batch.entries) pending.push(entry);
        if (batch.meta === undefined) continue;
        const goesOn = this.#take(pending, batch.meta);
        this.#taken++;
        if (!goesOn) break;
        pending = [];
      }
      this.#position = undefined;
    } finally {
      this.#cut = () => {};
      over.abort();
      void feed.return?.().catch(() => {});
    }
  }

  async #readView(signal: AbortSignal): Promise<void> {
    const { source, into, contact } = this.#options;
    const asked = this.#askReports(signal);
    if (into.size > 0) {
      // Mostly the feed was lost and not the view: then no body has to come again.
      const index = await untilAborted(source.index({ signal }), signal);
      contact.heard();
      if (!this.#loses(index.meta) && into.adoptIndex(index)) return this.#settle(index.meta);
    }
    const view = await untilAborted(source.read({}, { signal }), signal);
    contact.heard();
    await asked;
    if (this.#loses(view.meta)) this.#position = view.meta.cursor;
    else {
      into.adopt(view);
      this.#settle(view.meta);
    }
  }

  #settle(meta: ViewMeta): void {
    this.#position = meta.cursor;
    this.#lost = false;
  }

  /** Takes whole commits; false: the view has to be read. */
  #take(entries: readonly FeedEntry[], meta: ViewMeta): boolean {
    const { into } = this.#options;
    if (this.#loses(meta)) {
      this.#position = meta.cursor;
      return true;
    }
    if (this.#lost) return false;
    if ((entries.at(-1)?.cursor ?? this.#position) !== meta.cursor)
      throw this.#contradiction("its cursor is not the feed's");
    if (entries.length === 0) into.tell(meta);
    else into.apply(entries, meta);
    this.#position = meta.cursor;
    if (into.size !== meta.objects) throw this.#contradiction(`it has ${meta.objects} objects, the feed ${into.size}`);
    return true;
  }

  /** Whether the source says that it has no view, though we have one. */
  #loses(meta: ViewMeta): boolean {
    const { into, logger } = this.#options;
    if (meta.version !== undefined || into.current.version === undefined) return false;
    if (!this.#lost)
      logger.warn(
        { scope: scopeId(into.scope) },
        "the store has lost this view; serving the last one until there is a new one",
      );
    this.#lost = true;
    into.follows(false);
    return true;
  }

  #contradiction(what: string): FeedTrouble {
    this.#position = undefined;
    return new FeedTrouble(`the feed does not lead to the view that the store has: ${what}`);
  }

  async #followReports(signal: AbortSignal): Promise<void> {
    const { clock, askEveryMs } = this.#options;
    for (let turn = 1; !signal.aborted; turn++) {
      await clock.sleep(askEveryMs, { signal }).catch(() => {});
      if (signal.aborted) return;
      await this.#askReports(signal);
      if (turn % TURNS_PER_LOOK !== 0) continue;
      // A source that does not answer here does not answer the other loop either.
      await this.#look(signal).catch((error: unknown) => error instanceof FeedTrouble && this.#cut(error));
    }
  }

  async #askReports(signal: AbortSignal): Promise<void> {
    const { source, into, contact } = this.#options;
    try {
      const reports = await untilAborted(source.reports({ signal }), signal);
      contact.heard();
      into.report(reports);
    } catch (error) {
      if (!signal.aborted) contact.failed(error);
    }
  }

  /** Holds the source's meta against what the feed has brought. */
  async #look(signal: AbortSignal): Promise<void> {
    const { source, contact } = this.#options;
    const batches = this.#batches;
    const meta = await untilAborted(source.meta({ signal }), signal);
    contact.heard();
    // While the feed speaks it says the same, and better.
    if (this.#batches !== batches || this.#position === undefined) return;
    if (meta.cursor === this.#position) {
      this.#behind = undefined;
      if (!this.#take([], meta)) this.#cut(this.#contradiction("there is a view again"));
    } else if (this.#behind === batches) {
      this.#cut(new FeedTrouble("the change feed says nothing, though the view has moved"));
    } else {
      this.#behind = batches;
    }
  }
}
