import assert from "node:assert/strict";
import {
  type Drift,
  type ListWatchSource,
  type MergerReport,
  Monitor,
  type MonitorOptions,
  PODS,
  type Scope,
  scopeId,
  type ScopeStatus,
  type StreamerReport,
  type VerifierReport,
} from "@krm/core";
import {
  ClusterSource,
  type ClusterSourceOptions,
  ManualClock,
  recordHistory,
  SeededRandom,
  SimCluster,
} from "@krm/testkit";
import { pod, settle, truth, until, view, withNamespaces } from "../roles/support.ts";
import { change, elsewhere } from "./changes.ts";
import { checkClaims, checkDrift, type Traced } from "./drift-check.ts";
import type { Figures } from "./row.ts";

/** A cluster, and how a monitor reaches it. */
export interface Reach {
  readonly clock: ManualClock;
  readonly cluster: SimCluster;
  readonly source: ListWatchSource;
  /** The cluster's history, recorded since its beginning. */
  readonly lines: readonly string[];
  /** Tells every watch how far its server is. */
  readonly bookmark: () => void;
  readonly openWatches: () => number;
  /** Lets time pass, and what that sets off go on. */
  readonly pass: (ms: number) => Promise<void>;
}

/** How a {@link Scene} is made. */
export interface SceneOptions {
  readonly seed: number;
  readonly monitor?: Partial<MonitorOptions>;
  readonly namespaces?: readonly string[];
}

/** How the end of a scene is checked. */
export interface QuietOptions {
  /**
   * `claims`: where lists lie, only what was claimed is held against the history. `unchecked`: where the history is not
   * one. @default "exact"
   */
  readonly drift?: "exact" | "claims" | "unchecked";
  /** In how much simulated time all must be right, in milliseconds. @default 600_000 */
  readonly withinMs?: number;
}

const CHECKS: Readonly<Record<NonNullable<QuietOptions["drift"]>, typeof checkDrift>> = {
  exact: checkDrift,
  claims: checkClaims,
  unchecked: (_scopes, traced) => ({
    checked: 0,
    drift: traced.flatMap(({ verdicts }) => verdicts.flatMap(({ drift }) => drift)),
    faults: [],
  }),
};

/** A cluster and a monitor of it, on one manual clock, whose every step is recorded. */
export class Scene implements AsyncDisposable {
  readonly clock: ManualClock;
  readonly cluster: SimCluster;
  readonly random: SeededRandom;
  readonly monitor: Monitor;
  readonly namespaces: readonly string[];
  readonly traced: Traced[] = [];
  readonly #reach: Reach;
  #ended: { readonly why: unknown } | undefined;
  #stopped = false;

  constructor(reach: Reach, { seed, monitor = {}, namespaces = ["team-a"] }: SceneOptions) {
    const { clock, cluster, source } = reach;
    this.#reach = reach;
    this.clock = clock;
    this.cluster = cluster;
    this.namespaces = namespaces;
    this.random = new SeededRandom(`${seed}/changes`);
    const chance = new SeededRandom(`${seed}/monitor`);
    this.monitor = new Monitor({
      source,
      clock,
      resources: [PODS],
      random: () => chance.next(),
      pageSize: 3,
      verifyEveryMs: 60_000,
      trace: (scope, input, { verdicts }) => this.traced.push({ scope, input, verdicts }),
      ...monitor,
    });
  }

  /** Starts, and waits until all is synced and watched. */
  async start(): Promise<this> {
    this.monitor.start();
    const ended = (why: unknown): void => {
      this.#ended = { why };
    };
    this.monitor.done.then(() => ended(undefined), ended);
    let synced = false;
    void this.monitor.ready().then(
      () => {
        synced = true;
      },
      () => {},
    );
    for (let tries = 0; tries < 600 && !synced; tries++) await this.pass(100);
    assert(synced, "the monitor is synced within a minute");
    for (let tries = 0; tries < 600 && this.openWatches < this.monitor.scopes.length; tries++) await this.pass(100);
    return this;
  }

  get openWatches(): number {
    return this.#reach.openWatches();
  }

  get lines(): readonly string[] {
    return this.#reach.lines;
  }

  /** Every missed event that was claimed. */
  get drift(): readonly Drift[] {
    return this.traced.flatMap(({ verdicts }) => verdicts.flatMap(({ drift }) => drift));
  }

  async pass(ms: number): Promise<void> {
    await this.#reach.pass(ms);
  }

  bookmark(): void {
    this.#reach.bookmark();
  }

  /** So many changes, each followed by a span of time by chance. */
  async churn(count: number, mostMs = 2000): Promise<void> {
    for (let i = 0; i < count; i++) {
      change(this.cluster, this.random, this.namespaces);
      if (this.random.chance(0.1)) this.bookmark();
      if (this.random.chance(0.5)) await this.pass(this.random.integer(1, mostMs));
    }
  }

  async status(scope: Scope = this.monitor.scopes[0] as Scope): Promise<ScopeStatus> {
    const id = scopeId(scope);
    const found = (await this.monitor.status()).find((one) => scopeId(one.scope) === id);
    assert(found, `there is a status of ${id}`);
    return found;
  }

  /** The roles tell the store how they are. */
  async reported(scope?: Scope): Promise<ScopeStatus> {
    await this.pass(1000);
    await this.pass(1000);
    return this.status(scope);
  }

  async streamer(): Promise<StreamerReport> {
    return (await this.reported()).reports.streamer as StreamerReport;
  }

  async verifier(): Promise<VerifierReport> {
    return (await this.reported()).reports.verifier as VerifierReport;
  }

  /** Keys that the view and the cluster do not hold with the same bytes. */
  async differences(): Promise<string[]> {
    const all: string[] = [];
    for (const scope of this.monitor.scopes) {
      const seen = await view(this.monitor.store, scope);
      const actual = truth(this.cluster, scope.resource, scope.namespace);
      for (const key of new Set([...Object.keys(seen), ...Object.keys(actual)]))
        if (seen[key] !== actual[key]) all.push(`${scopeId(scope)} ${key}`);
    }
    return all;
  }

  /** Until view and cluster are the same; time passes meanwhile, with a bookmark now and then. */
  async equal(withinMs = 600_000, verify = true): Promise<number> {
    const from = this.clock.monotonic();
    for (let round = 0; ; round++) {
      const differing = await this.differences();
      const took = this.clock.monotonic() - from;
      if (differing.length === 0) return took;
      if (took >= withinMs)
        assert.fail(`after ${withinMs / 1000} s of quiet these differ: ${differing.slice(0, 4).join(", ")}`);
      if (round % 6 === 0) this.bookmark();
      if (verify && round % 12 === 6) this.monitor.verifyNow();
      await this.pass(5000);
    }
  }

  /**
   * What must hold after every fault: the view is the cluster, byte for byte; the ledger holds exactly the differences
   * of the history; what is claimed is claimed once; no role has ended.
   */
  async quiet({ drift: how = "exact", withinMs }: QuietOptions = {}): Promise<Figures> {
    const recoveredMs = await this.equal(withinMs);
    await this.verified();
    const { length } = this.drift;
    await this.verified();
    assert.deepEqual(await this.differences(), [], "the view stays the cluster");
    assert.deepEqual(
      this.drift.slice(length).map(text),
      [],
      "a verification in the quiet after it claims nothing more",
    );
    const check = CHECKS[how](this.monitor.scopes, this.traced, this.lines);
    assert.deepEqual(check.faults.slice(0, 5), [], "what was told as missed is what was missed");
    await this.#ledgerHolds();
    assert.equal(this.#ended, undefined, `no role has ended: ${String(this.#ended?.why)}`);
    return { verified: check.checked, missed: check.drift.length, "quiet-s": Math.round(recoveredMs / 1000) };
  }

  /** Waits for a whole verification that begins from now on, as readers of the events would see it. */
  async verified(): Promise<void> {
    const waiting = new Set(this.monitor.scopes.map(scopeId));
    const note = (scope: Scope): void => void waiting.delete(scopeId(scope));
    this.monitor.events.on("verified", note);
    try {
      this.bookmark();
      await this.pass(100);
      this.monitor.verifyNow();
      for (let tries = 0; tries < 120 && waiting.size > 0; tries++) {
        if (tries % 10 === 9) this.bookmark();
        if (tries % 40 === 39) this.monitor.verifyNow();
        await this.pass(1000);
      }
      assert.deepEqual([...waiting], [], "each scope is verified within two minutes");
      this.bookmark();
      await this.pass(1000);
    } finally {
      this.monitor.events.off("verified", note);
    }
  }

  /** What the ledger tells in the store is what was decided: as many of each cause and kind. */
  async #ledgerHolds(): Promise<void> {
    await this.pass(2000);
    for (const scope of this.monitor.scopes) {
      const id = scopeId(scope);
      const merger = (await this.status(scope)).reports.merger as MergerReport;
      const told: Record<string, number> = {};
      for (const [cause, types] of Object.entries(merger.missed))
        for (const [type, count] of Object.entries(types)) if (count > 0) told[`${cause} ${type}`] = count;
      const decided: Record<string, number> = {};
      for (const { scope: of, verdicts } of this.traced)
        if (scopeId(of) === id)
          for (const { cause, type } of verdicts.flatMap(({ drift }) => drift))
            decided[`${cause} ${type}`] = (decided[`${cause} ${type}`] ?? 0) + 1;
      assert.deepEqual(told, decided, `the ledger of ${id} holds what was decided`);
    }
  }

  /** Missed events by cause and kind, such as `upstream deleted`. */
  causes(): Record<string, number> {
    const count: Record<string, number> = {};
    for (const { cause, type } of this.drift) count[`${cause} ${type}`] = (count[`${cause} ${type}`] ?? 0) + 1;
    return count;
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    const stopped = this.monitor.stop();
    for (let tries = 0; tries < 20; tries++) await this.pass(500);
    await stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** A scene without HTTP, whose source is at hand. */
export class SourceScene extends Scene {
  readonly source: ClusterSource;

  constructor(reach: Reach & { readonly inner: ClusterSource }, options: SceneOptions) {
    super(reach, options);
    this.source = reach.inner;
  }
}

/** How a scene without HTTP is made. */
export interface SourceSceneOptions extends SceneOptions {
  /** @default 6 */
  readonly pods?: number;
  readonly firstVersion?: string;
  /** What the source does to the truth. */
  readonly source?: (made: {
    readonly cluster: SimCluster;
    readonly clock: ManualClock;
  }) => Partial<ClusterSourceOptions>;
  /** What stands between the monitor and the source. */
  readonly between?: (source: ClusterSource) => ListWatchSource;
}

/** Some pods, and a monitor that is synced and watches. */
export async function scene(options: SourceSceneOptions): Promise<SourceScene> {
  const { seed, pods = 6, firstVersion, namespaces = ["team-a"] } = options;
  const clock = new ManualClock();
  const cluster = new SimCluster({ clock, seed, ...(firstVersion !== undefined && { firstVersion }) });
  const lines: string[] = [];
  recordHistory(cluster, (line) => lines.push(line));
  withNamespaces(cluster, ...namespaces);
  // A replica may be some events behind from the beginning on.
  for (let i = 0; i < 10; i++) elsewhere(cluster);
  for (let i = 0; i < pods; i++) for (const namespace of namespaces) pod(cluster, `p${i}`, namespace);
  const inner = new ClusterSource({ cluster, seed, ...options.source?.({ cluster, clock }) });
  const reach = {
    clock,
    cluster,
    inner,
    lines,
    source: options.between?.(inner) ?? inner,
    bookmark: () => inner.bookmark(),
    openWatches: () => inner.openWatches,
    pass: async (ms: number) => {
      await clock.advance(ms);
      await settle();
    },
  };
  return new SourceScene(reach, options).start();
}

/** Without time passing. */
export async function soon(met: () => boolean | Promise<boolean>, what: string): Promise<void> {
  await until(met, what);
}

function text({ key, type, cause, horizon }: Drift): string {
  return `${type} ${key} (${cause}) at ${horizon}`;
}
