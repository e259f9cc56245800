import {
  type CallOptions,
  type Clock,
  type Scope,
  type ScopeStatus,
  scopeStatus,
  type StalenessBounds,
  type Store,
  systemClock,
  untilAborted,
} from "@krm/core";

/** Which views are measured. */
export interface MeasuredViews {
  readonly store: Pick<Store, "scope" | "scopes">;
  /** May still grow. @default what the store holds */
  readonly scopes?: readonly Scope[] | undefined;
  /** When a view counts as stale. @default that of core */
  readonly staleness?: StalenessBounds | undefined;
  /** @default the machine's clock */
  readonly clock?: Clock | undefined;
}

/** How the views were when they were looked at. */
export interface SeenViews {
  /** Of those that could be read. */
  readonly statuses: readonly ScopeStatus[];
  /** Wall clock, epoch milliseconds. */
  readonly now: number;
}

/** A store that takes longer is left out: whoever scrapes waits ten seconds for everything, unless told otherwise. */
const LONGEST_MS = 3000;

/** Looks at all views at once; who asks meanwhile gets the same look. What cannot be read is left out, and counted. */
export class ViewReader {
  readonly #views: MeasuredViews;
  readonly #clock: Clock;
  #looking: Promise<SeenViews> | undefined;
  #errors = 0;

  constructor(views: MeasuredViews) {
    this.#views = views;
    this.#clock = views.clock ?? systemClock;
  }

  /** Scopes that could not be read, and times that the store did not say which there are. */
  get errors(): number {
    return this.#errors;
  }

  /** Never rejects. */
  async look(): Promise<SeenViews> {
    this.#looking ??= this.#inTime().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #inTime(): Promise<SeenViews> {
    const late = new AbortController();
    const over = new AbortController();
    const limit = this.#clock.sleep(LONGEST_MS, { signal: over.signal });
    limit.then(
      () => late.abort(),
      () => {},
    );
    try {
      const statuses = await this.#read(late.signal);
      return { statuses, now: this.#clock.now() };
    } finally {
      over.abort();
    }
  }

  async #read(signal: AbortSignal): Promise<readonly ScopeStatus[]> {
    const options: CallOptions = { signal };
    const { store, staleness } = this.#views;
    const listed = async (): Promise<readonly Scope[]> => untilAborted(store.scopes(options), signal);
    const scopes = this.#views.scopes ?? (await this.#try(listed)) ?? [];
    const now = this.#clock.now();
    const statuses = scopes.map(async (scope) =>
      this.#try(async () => untilAborted(scopeStatus(store.scope(scope), now, staleness, options), signal)),
    );
    return (await Promise.all(statuses)).filter((status) => status !== undefined);
  }

  async #try<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch {
      this.#errors++;
      return undefined;
    }
  }
}
