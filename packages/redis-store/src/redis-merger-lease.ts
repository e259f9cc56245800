import type {
  CallOptions,
  Clock,
  FeedBounds,
  InputRole,
  LoadedView,
  LogBatch,
  MergerLease,
  ViewCommit,
} from "@krm/core";
import { COMMIT_BATCH, commitArguments, isSmall, lastOfEach, stageParts } from "./encoded-commit.ts";
import { type LogPlace, readLogCursor, readLogs } from "./log-reader.ts";
import { type LeaseContext, RedisLease } from "./redis-lease.ts";
import type { Argument } from "./redis-link.ts";
import { writeMeta } from "./stored-state.ts";
import { nextId, sessionNonce } from "./stream-id.ts";

/** What a Merger's lease starts from. */
export interface MergerStart {
  readonly loaded: LoadedView;
  /** The newest commit. */
  readonly commit: string;
  /** What of the logs is consumed. */
  readonly consumed: Readonly<Record<InputRole, LogPlace>>;
  readonly clock: Clock;
  readonly feed: FeedBounds;
}

/** Keys that are moved at a time out of the staging area. */
const MIGRATE_KEYS = 64;

/**
 * The lease of a merger. Each commit names the one before it: what a failover took back is noticed, and the same commit
 * written twice is written once. What does not fit into one script is staged, made visible at once, and then moved.
 */
export class RedisMergerLease extends RedisLease<"merger"> implements MergerLease {
  readonly loaded: LoadedView;
  readonly #start: MergerStart;
  readonly #nonce = sessionNonce();
  readonly #places: Record<InputRole, LogPlace>;
  #last: string;
  /** The last commit was a large one, and what it staged may not be moved yet. */
  #migrating = false;

  constructor(context: LeaseContext, start: MergerStart) {
    super("merger", context);
    this.#start = start;
    this.#last = start.commit;
    this.#places = { ...start.consumed };
    this.loaded = start.loaded;
  }

  async commit(commit: ViewCommit, options?: CallOptions): Promise<void> {
    const id = nextId(this.#last, this.#nonce);
    if (this.#migrating) await this.#migrate(options);
    if (isSmall(commit.changes)) {
      const { entries, bytes } = this.#start.feed;
      const common = this.#arguments(id, commit);
      const reset = commit.reset === true ? "1" : "";
      await this.script("commit", [...common, reset, entries, bytes, ...commitArguments(commit.changes)], options);
    } else {
      await this.#commitLarge(id, commit, options);
    }
    this.#last = id;
    // Readers see it already. What fails from here on is done before the next commit.
    if (this.#migrating) await this.#migrate(options).catch(() => {});
  }

  async #commitLarge(id: string, commit: ViewCommit, options: CallOptions | undefined): Promise<void> {
    const changes = lastOfEach(commit.changes);
    for (const part of stageParts(changes.values()))
      await this.script("stage", [...this.#fence(), this.#last, id, ...part], options);
    await this.script("flip", [...this.#arguments(id, commit), changes.size], options);
    this.#migrating = true;
  }

  async #migrate(options: CallOptions | undefined): Promise<void> {
    const args = [...this.#fence(), MIGRATE_KEYS, COMMIT_BATCH.bytes];
    while (Number(await this.script("migrate", args, options)) > 0);
    this.#migrating = false;
  }

  #fence(): [string, number, string] {
    const { request, epoch, generation } = this.context;
    return [request.holder, epoch, generation];
  }

  /** As `scripts/includes/commit-args.lua` names them. */
  #arguments(id: string, { meta, ledger, consumed }: ViewCommit): Argument[] {
    const streamer = placeOf(consumed?.streamer);
    const verifier = placeOf(consumed?.verifier);
    return [
      ...this.#fence(),
      this.#last,
      id,
      meta.epoch,
      meta.streamedThrough ?? "",
      writeMeta(meta),
      ledger === undefined ? "" : JSON.stringify(ledger),
      streamer.id,
      streamer.total,
      verifier.id,
      verifier.total,
      this.context.keys.viewChannel,
    ];
  }

  async *inputs({ signal }: CallOptions): AsyncGenerator<LogBatch> {
    const { keys, link, closed, generation } = this.context;
    yield* readLogs({ keys, link, closed, generation, clock: this.#start.clock }, this.#places, signal);
  }

  async skipLogs(options?: CallOptions): Promise<void> {
    await this.script("skip-logs", this.#fence(), options);
  }
}

function placeOf(cursor: string | undefined): LogPlace {
  return cursor === undefined ? { id: "", total: "" } : readLogCursor(cursor);
}
