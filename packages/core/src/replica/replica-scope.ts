import { KrmError } from "../errors.ts";
import type { ObjectKey } from "../model/object-key.ts";
import { compareResourceVersions, isResourceVersion } from "../model/resource-version.ts";
import type { Scope } from "../model/scope.ts";
import type { StoredObject } from "../model/stored-object.ts";
import type { ScopeReports } from "../monitor/role-status.ts";
import type { CallOptions, Clock } from "../ports/clock.ts";
import type { FeedBounds } from "../store/change-feed.ts";
import { NO_VIEW } from "../store/no-view.ts";
import { ObjectTable } from "../store/object-table.ts";
import type { FeedBatch, FeedEntry, ReadQuery, ScopeStore, ViewIndex, ViewMeta, ViewRead } from "../store/store.ts";
import { ReplicaFeed } from "./replica-feed.ts";
import { isSameView, viewDifference } from "./view-difference.ts";

/** What a scope has of its replica. */
export interface ReplicaScopeOptions {
  readonly clock: Clock;
  readonly feed: FeedBounds | undefined;
  /** Who holds a role is not known any more when the source was not followed for longer than this. Milliseconds. */
  readonly heldForMs: number;
  /** Aborted when the replica is closed. */
  readonly closed: AbortSignal;
}

/** One scope of a replica: readers ask it, and whoever follows the source tells it. */
export class ReplicaScope implements ScopeStore {
  readonly scope: Scope;
  readonly #options: ReplicaScopeOptions;
  readonly #table = new ObjectTable();
  readonly #feed: ReplicaFeed;
  #meta: ViewMeta;
  #reports: { readonly told: ScopeReports; readonly at: number } | undefined;
  /** Since when the view is not known to be the source's; undefined: it is followed. */
  #lapsedAt: number | undefined;

  constructor(scope: Scope, options: ReplicaScopeOptions) {
    this.scope = scope;
    this.#options = options;
    this.#feed = new ReplicaFeed({ bounds: options.feed, meta: () => this.#meta });
    this.#meta = { ...NO_VIEW, cursor: this.#feed.cursor, objects: 0, bytes: 0 };
    this.#lapsedAt = options.clock.monotonic();
  }

  async meta(options?: CallOptions): Promise<ViewMeta> {
    this.#admit(options);
    return this.#meta;
  }

  async get(
    key: ObjectKey,
    options?: CallOptions,
  ): Promise<{ readonly meta: ViewMeta; readonly object: StoredObject | undefined }> {
    this.#admit(options);
    return { meta: this.#meta, object: this.#table.get(key) };
  }

  async read(query: ReadQuery = {}, options?: CallOptions): Promise<ViewRead> {
    this.#admit(options);
    return { meta: this.#meta, objects: this.#table.read(query) };
  }

  async index(options?: CallOptions): Promise<ViewIndex> {
    this.#admit(options);
    return {
      meta: this.#meta,
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
    this.#admit(options);
    return this.#meta.cursor;
  }

  /**
   * As the source last told. Nobody is known to hold a role when that is too long ago, or the view has not been followed
   * for as long: whoever keeps the source's view up to date does not keep this one so.
   */
  async reports(options?: CallOptions): Promise<ScopeReports> {
    this.#admit(options);
    const { clock, heldForMs } = this.#options;
    if (this.#reports === undefined) return { held: [] };
    const { told, at } = this.#reports;
    const since = Math.min(at, this.#lapsedAt ?? at);
    return clock.monotonic() - since <= heldForMs ? told : { ...told, held: [] };
  }

  async acquire(_role: unknown, _request: unknown, options?: CallOptions): Promise<never> {
    this.#admit(options);
    throw onlyReads();
  }

  async oldestCursor(options?: CallOptions): Promise<string> {
    this.#admit(options);
    return this.#feed.oldest;
  }

  async checkpoint(_reader: unknown, options?: CallOptions): Promise<never> {
    this.#admit(options);
    throw onlyReads();
  }

  async keepCheckpoint(_reader: unknown, _checkpoint: unknown, options?: CallOptions): Promise<never> {
    this.#admit(options);
    throw onlyReads();
  }

  async ask(_role: unknown, _request: unknown, options?: CallOptions): Promise<never> {
    this.#admit(options);
    throw onlyReads();
  }

  /** The meta that readers get. */
  get current(): ViewMeta {
    return this.#meta;
  }

  /** How many objects there are: what the meta says, unless something was lost on the way. */
  get size(): number {
    return this.#table.size;
  }

  /** How many readers of the feed wait for more. */
  get waiting(): number {
    return this.#feed.waiting;
  }

  /** One or more whole commits of the source. */
  apply(entries: readonly FeedEntry[], meta: ViewMeta): void {
    this.#table.apply(entries.map(({ change }) => change));
    this.#feed.append(entries);
    this.#show(meta);
  }

  /** The meta moved, and the objects did not. An older one is let pass: two ways lead here, and one may be slower. */
  tell(meta: ViewMeta): void {
    if (wentBack(this.#meta, meta) || isSameMeta(this.#meta, meta)) return;
    this.#feed.append([]);
    this.#show(meta);
  }

  /** A view of the source, whatever was before it. Readers of the feed are told the difference. */
  adopt(view: ViewRead): void {
    const changes = viewDifference(this.#table, view, this.#options.clock.now());
    this.#table.apply(changes);
    if (this.#meta.epoch !== view.meta.epoch || wentBack(this.#meta, view.meta)) this.#feed.restart(view.meta.cursor);
    else this.#feed.bridge(changes, view.meta.cursor);
    this.#show(view.meta);
  }

  /** Takes up the source's meta, if the source holds just these objects; else false. */
  adoptIndex({ meta, entries }: ViewIndex): boolean {
    if (!isSameView(this.#table, entries)) return false;
    this.adopt({ meta, objects: this.#table.read() });
    return true;
  }

  /** Whether the view is kept as the source has it, from now on. */
  follows(now: boolean): void {
    this.#lapsedAt = now ? undefined : (this.#lapsedAt ?? this.#options.clock.monotonic());
  }

  /** What the source tells of the roles. */
  report(told: ScopeReports): void {
    this.#reports = { told, at: this.#options.clock.monotonic() };
  }

  /** What the feed wakes looks only later: by then this is there. */
  #show(meta: ViewMeta): void {
    this.#meta = { ...meta, cursor: this.#feed.cursor };
  }

  #admit(options: CallOptions | undefined): void {
    options?.signal?.throwIfAborted();
    if (this.#options.closed.aborted) throw new KrmError("KRM_STORE_CLOSED", "the replica is closed");
  }
}

/** Whether a view's version is older than one that was told before, of the same history. */
function wentBack(before: ViewMeta, after: ViewMeta): boolean {
  if (before.epoch !== after.epoch || before.version === undefined || after.version === undefined) return false;
  if (!isResourceVersion(before.version) || !isResourceVersion(after.version)) return false;
  return compareResourceVersions(after.version, before.version) < 0;
}

/** Whether two metas of one place in the feed say the same. */
function isSameMeta(a: ViewMeta, b: ViewMeta): boolean {
  return (Object.keys(b) as (keyof ViewMeta)[]).every((name) => name === "cursor" || a[name] === b[name]);
}

function onlyReads(): KrmError {
  return new KrmError("KRM_INVALID_ARGUMENT", "a replica only reads", {
    hint: "Give the role the store that the replica follows.",
  });
}
