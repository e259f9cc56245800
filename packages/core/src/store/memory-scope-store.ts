import { randomUUID } from "node:crypto";
import { KrmError } from "../errors.ts";
import type { VerificationLedger } from "../merge/ledger.ts";
import { type Claim, claimOf } from "../merge/merge-state.ts";
import type { ObjectKey } from "../model/object-key.ts";
import type { Scope } from "../model/scope.ts";
import type { StoredObject } from "../model/stored-object.ts";
import { type Role, type RoleReports, ROLES, type ScopeReports } from "../monitor/role-status.ts";
import type { CallOptions } from "../ports/clock.ts";
import { ChangeFeed, type FeedBounds } from "./change-feed.ts";
import type { InputRole, LogPosition } from "./input-log.ts";
import type { LeaseRequest, Leases, LoadedView, RoleRequest } from "./lease.ts";
import { type LeaseHost, MemoryInputLease, MemoryMergerLease } from "./memory-lease.ts";
import { MemoryLog } from "./memory-log.ts";
import { ObjectTable } from "./object-table.ts";
import type { ViewPersistence } from "./persistence.ts";
import { refuseBackwards } from "./backwards.ts";
import { NO_VIEW } from "./no-view.ts";
import { streamerStart } from "./streamer-start.ts";
import type {
  CommittedMeta,
  FeedBatch,
  ReadQuery,
  ScopeStore,
  ViewCommit,
  ViewIndex,
  ViewMeta,
  ViewRead,
} from "./store.ts";

/** What a scope has of its store. */
export interface MemoryScopeOptions {
  readonly feed: FeedBounds | undefined;
  readonly persistence: ViewPersistence | undefined;
  /** Aborted when the store is closed. */
  readonly closed: AbortSignal;
  /** A role has taken this scope: it exists for readers. */
  readonly onTaken: () => void;
}

/** One scope of a MemoryStore. */
export class MemoryScopeStore implements ScopeStore {
  readonly scope: Scope;
  readonly #options: MemoryScopeOptions;
  readonly #table = new ObjectTable();
  readonly #feed: ChangeFeed;
  #generation = randomUUID();
  #sequence = 0;
  #meta: CommittedMeta = NO_VIEW;
  #ledger: VerificationLedger | undefined;
  #reports: Partial<RoleReports> = {};
  /** Of this process, as the feed is that they are about. */
  readonly #checkpoints = new Map<string, string>();
  readonly #logs: Record<InputRole, MemoryLog> = {
    streamer: new MemoryLog("streamer"),
    verifier: new MemoryLog("verifier"),
  };
  readonly #leases = new Map<Role, { readonly holder: string; readonly epoch: number }>();
  readonly #requests = new Map<Role, Set<RoleRequest>>();
  #epoch = 0;
  readonly #waiting = new Set<() => void>();
  #loading: Promise<void> | undefined;

  constructor(scope: Scope, options: MemoryScopeOptions) {
    this.scope = scope;
    this.#options = options;
    const cursor = this.#cursorOf(0);
    this.#feed = new ChangeFeed({ bounds: options.feed, cursor, meta: () => this.#currentMeta() });
  }

  async meta(options?: CallOptions): Promise<ViewMeta> {
    await this.#ready(options);
    return this.#currentMeta();
  }

  async get(
    key: ObjectKey,
    options?: CallOptions,
  ): Promise<{ readonly meta: ViewMeta; readonly object: StoredObject | undefined }> {
    await this.#ready(options);
    return { meta: this.#currentMeta(), object: this.#table.get(key) };
  }

  async read(query: ReadQuery = {}, options?: CallOptions): Promise<ViewRead> {
    await this.#ready(options);
    return { meta: this.#currentMeta(), objects: this.#table.read(query) };
  }

  async index(options?: CallOptions): Promise<ViewIndex> {
    await this.#ready(options);
    return {
      meta: this.#currentMeta(),
      entries: new Map(this.#table.read().map(({ key, uid, resourceVersion }) => [key, { uid, resourceVersion }])),
    };
  }

  changes(options: {
    readonly since?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterable<FeedBatch> {
    return this.#feed.read({ ...options, closed: this.#options.closed });
  }

  async cursor(options?: CallOptions): Promise<string> {
    await this.#ready(options);
    return this.#feed.cursor;
  }

  async oldestCursor(options?: CallOptions): Promise<string> {
    await this.#ready(options);
    return this.#feed.oldest;
  }

  async reports(options?: CallOptions): Promise<ScopeReports> {
    await this.#ready(options);
    return { ...this.#reports, held: ROLES.filter((role) => this.#leases.has(role)) };
  }

  async ask(role: Role, request: RoleRequest, options?: CallOptions): Promise<void> {
    await this.#ready(options);
    const asked = this.#requests.get(role) ?? new Set();
    this.#requests.set(role, asked.add(request));
  }

  async checkpoint(reader: string, options?: CallOptions): Promise<string | undefined> {
    await this.#ready(options);
    return this.#checkpoints.get(reader);
  }

  async keepCheckpoint(reader: string, checkpoint: string, options?: CallOptions): Promise<void> {
    await this.#ready(options);
    this.#checkpoints.set(reader, checkpoint);
  }

  async acquire<R extends Role>(role: R, request: LeaseRequest, options?: CallOptions): Promise<Leases[R] | undefined> {
    await this.#ready(options);
    if (this.#leases.has(role)) return undefined;
    const epoch = ++this.#epoch;
    this.#leases.set(role, { holder: request.holder, epoch });
    this.#options.onTaken();
    // The compiler cannot see that the lease made for a role is of that role's kind.
    return this.#lease(role, epoch) as unknown as Leases[R];
  }

  #lease(role: Role, epoch: number): Leases[Role] {
    if (role === "merger") return new MemoryMergerLease(epoch, this.#host, this.#loaded());
    if (role === "streamer") return new MemoryInputLease(role, epoch, this.#host, this.#streamerStart());
    return new MemoryInputLease(role, epoch, this.#host, this.#streamerStart());
  }

  #loaded(): LoadedView {
    const claims = new Map(this.#table.read().map((object): [ObjectKey, Claim] => [object.key, claimOf(object)]));
    return { meta: this.#currentMeta(), claims, ledger: this.#ledger };
  }

  #streamerStart(): LogPosition {
    return streamerStart(this.#meta, this.#logs.streamer.covers);
  }

  readonly #host: LeaseHost = {
    admit: (options) => this.#admit(options),
    holds: (role, epoch) => this.#leases.get(role)?.epoch === epoch,
    release: (role, epoch) => {
      if (this.#leases.get(role)?.epoch === epoch) this.#leases.delete(role);
    },
    takeRequests: (role) => {
      const asked = [...(this.#requests.get(role) ?? [])];
      this.#requests.delete(role);
      return asked;
    },
    putReport: (role, report) => {
      this.#reports = { ...this.#reports, [role]: report };
    },
    logs: this.#logs,
    write: async (commit, options) => this.#write(commit, options),
    logged: () => {
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    },
    untilLogged: async (signal) => this.#untilLogged(signal),
  };

  async #write(commit: ViewCommit, options: CallOptions | undefined): Promise<void> {
    refuseBackwards(this.#meta, commit.meta);
    await this.#options.persistence?.commit(this.scope, commit, options);
    this.#table.apply(commit.changes);
    this.#meta = commit.meta;
    this.#ledger = commit.ledger ?? this.#ledger;
    for (const log of Object.values(this.#logs)) {
      const consumed = commit.consumed?.[log.role];
      if (consumed !== undefined) log.consume(consumed);
    }
    if (commit.reset === true) {
      this.#generation = randomUUID();
      this.#feed.reset(this.#cursorOf(this.#sequence));
    }
    this.#feed.append(commit.changes.map((change) => ({ cursor: this.#cursorOf(++this.#sequence), change })));
  }

  #cursorOf(sequence: number): string {
    return `${this.#generation}:${sequence}`;
  }

  #currentMeta(): ViewMeta {
    return { ...this.#meta, cursor: this.#feed.cursor, objects: this.#table.size, bytes: this.#table.bytes };
  }

  /** What every method looks at first. */
  #admit(options: CallOptions | undefined): void {
    options?.signal?.throwIfAborted();
    if (this.#options.closed.aborted) throw new KrmError("KRM_STORE_CLOSED", "the store is closed");
  }

  /** Admits, and sees to it that what an earlier process left is there. */
  async #ready(options: CallOptions | undefined): Promise<void> {
    this.#admit(options);
    const { persistence } = this.#options;
    if (persistence === undefined) return;
    this.#loading ??= this.#load(persistence);
    try {
      await this.#loading;
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }

  async #load(persistence: ViewPersistence): Promise<void> {
    const view = await persistence.load(this.scope);
    if (view === undefined) return;
    this.#table.apply(
      view.objects.map((object) => ({ type: "set", object, previous: undefined, origin: "list", observedAt: 0 })),
    );
    this.#meta = view.meta;
    this.#ledger = view.ledger;
  }

  async #untilLogged(signal: AbortSignal | undefined): Promise<void> {
    const { closed } = this.#options;
    if (closed.aborted || signal?.aborted === true) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    this.#waiting.add(wake);
    const ends = signal === undefined ? [closed] : [closed, signal];
    for (const end of ends) end.addEventListener("abort", wake, { once: true });
    try {
      await promise;
    } finally {
      this.#waiting.delete(wake);
      for (const end of ends) end.removeEventListener("abort", wake);
    }
  }
}
