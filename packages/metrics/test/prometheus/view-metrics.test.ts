import { KrmError, MemoryStore, NODES, PODS, type Scope, type ScopeStore, type Store } from "@krm/core";
import { ManualClock } from "@krm/testkit";
import { Registry } from "prom-client";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { registerViewMetrics } from "../../src/prometheus/view-metrics.ts";
import { fill, metaAt, START } from "./support/scopes.ts";
import { series } from "./support/scrape.ts";

const ALL: Scope = { resource: PODS };
const ONE: Scope = { resource: PODS, namespace: "team-a" };
const POD_LABELS = 'resource="v1/pods",namespace=""';

let clock: ManualClock;
let store: MemoryStore;
let registry: Registry;

beforeEach(() => {
  clock = new ManualClock({ now: START });
  store = new MemoryStore();
  registry = new Registry();
});
afterEach(async () => store[Symbol.asyncDispose]());

/** The store, but for what some calls of its scopes do. */
function changed(change: (scope: ScopeStore) => Partial<ScopeStore>): Pick<Store, "scope" | "scopes"> {
  return {
    scopes: async (options) => store.scopes(options),
    scope: (scope) => {
      const of = store.scope(scope);
      const rest = { scope, meta: of.meta.bind(of), reports: of.reports.bind(of) };
      return { ...rest, ...change(of) } as ScopeStore;
    },
  };
}

describe("the gauges of a view", () => {
  it("tell how large, how new, and how far verified it is, by scope", async () => {
    await fill(store, ALL, metaAt("100"));
    await fill(store, ONE, metaAt("200", { horizon: "150", epoch: 2 }));
    registerViewMetrics(registry, { store, clock });
    expect(await series(registry, "krm_view_objects", "krm_view_resource_version", "krm_view_epoch")).toEqual([
      `krm_view_objects{${POD_LABELS}} 1`,
      'krm_view_objects{resource="v1/pods",namespace="team-a"} 1',
      `krm_view_epoch{${POD_LABELS}} 0`,
      'krm_view_epoch{resource="v1/pods",namespace="team-a"} 2',
      `krm_view_resource_version{${POD_LABELS}} 100`,
      'krm_view_resource_version{resource="v1/pods",namespace="team-a"} 200',
    ]);
    expect(await series(registry, "krm_view_verified_resource_version", "krm_view_verified_age_seconds")).toEqual([
      `krm_view_verified_resource_version{${POD_LABELS}} 100`,
      'krm_view_verified_resource_version{resource="v1/pods",namespace="team-a"} 150',
      `krm_view_verified_age_seconds{${POD_LABELS}} 60`,
      'krm_view_verified_age_seconds{resource="v1/pods",namespace="team-a"} 60',
    ]);
    const { bytes } = await store.scope(ALL).meta();
    expect(await series(registry, "krm_view_bytes")).toContain(`krm_view_bytes{${POD_LABELS}} ${bytes}`);
    await clock.advance(1500);
    expect(await series(registry, "krm_view_last_contact_age_seconds")).toContain(
      `krm_view_last_contact_age_seconds{${POD_LABELS}} 4`,
    );
  });

  it("show the end of a version that a double cannot hold, and none of one that is no number", async () => {
    await fill(store, ALL, metaAt("98765432109876543210", { horizon: "7000000000000001" }));
    await fill(store, ONE, metaAt("abc", { horizon: undefined, verifiedAt: undefined, lastContact: undefined }));
    registerViewMetrics(registry, { store, clock });
    expect(await series(registry, "krm_view_resource_version", "krm_view_verified_resource_version")).toEqual([
      `krm_view_resource_version{${POD_LABELS}} 432109876543210`,
      `krm_view_verified_resource_version{${POD_LABELS}} 1`,
    ]);
    for (const name of ["krm_view_verified_age_seconds", "krm_view_last_contact_age_seconds"]) {
      expect(await series(registry, name)).toHaveLength(1);
    }
  });

  it("are never of a negative age, whichever clock is behind", async () => {
    await fill(store, ALL, metaAt("100", { verifiedAt: START + 100, lastContact: START + 100 }));
    registerViewMetrics(registry, { store, clock });
    expect(await series(registry, "krm_view_verified_age_seconds", "krm_view_last_contact_age_seconds")).toEqual([
      `krm_view_verified_age_seconds{${POD_LABELS}} 0`,
      `krm_view_last_contact_age_seconds{${POD_LABELS}} 0`,
    ]);
  });

  it("tell every state, role and phase, and which of them it is", async () => {
    await fill(store, ALL, metaAt("100"));
    registerViewMetrics(registry, { store, clock });
    const states = ["synced", "snapshot-only", "stale", "syncing", "gone", "forbidden", "failed"];
    expect(await series(registry, "krm_scope_state")).toEqual(
      states.map((state) => `krm_scope_state{${POD_LABELS},state="${state}"} ${state === "synced" ? 1 : 0}`),
    );
    expect(await series(registry, "krm_role_held")).toEqual(
      ["streamer", "verifier", "merger"].map((role) => `krm_role_held{${POD_LABELS},role="${role}"} 1`),
    );
    const phases = await series(registry, "krm_streamer_phase", "krm_verifier_phase");
    expect(phases).toHaveLength(18);
    expect(phases.filter((line) => line.endsWith(" 1"))).toEqual([
      `krm_streamer_phase{${POD_LABELS},phase="watching"} 1`,
      `krm_verifier_phase{${POD_LABELS},phase="waiting"} 1`,
    ]);
    await clock.advance(200_000);
    expect(await series(registry, "krm_scope_state")).toContain(`krm_scope_state{${POD_LABELS},state="stale"} 1`);
  });

  it("are there for scopes that are going to be in the store, as soon as they are known", async () => {
    const scopes: Scope[] = [];
    registerViewMetrics(registry, { store, scopes, clock });
    expect(await series(registry, "krm_scope_state")).toEqual([]);
    scopes.push({ resource: NODES });
    expect(await series(registry, "krm_scope_state")).toContain(
      'krm_scope_state{resource="v1/nodes",namespace="",state="syncing"} 1',
    );
    expect(await series(registry, "krm_view_resource_version", "krm_ledger_repairs_total")).toEqual([]);
  });
});

describe("the drift ledger", () => {
  it("is told as it stands in the store", async () => {
    await fill(store, ALL, metaAt("100"));
    registerViewMetrics(registry, { store, clock });
    const missed = await series(registry, "krm_ledger_missed_events_total");
    expect(missed).toHaveLength(28);
    expect(missed.filter((line) => !line.endsWith(" 0"))).toEqual([
      `krm_ledger_missed_events_total{${POD_LABELS},type="modified",cause="upstream"} 1`,
      `krm_ledger_missed_events_total{${POD_LABELS},type="deleted",cause="upstream"} 2`,
    ]);
    expect((await series(registry, "krm_ledger_verifications_total")).toSorted()).toEqual([
      `krm_ledger_verifications_total{${POD_LABELS},result="consistent"} 4`,
      `krm_ledger_verifications_total{${POD_LABELS},result="drift"} 1`,
      `krm_ledger_verifications_total{${POD_LABELS},result="inconclusive"} 0`,
      `krm_ledger_verifications_total{${POD_LABELS},result="lag"} 2`,
      `krm_ledger_verifications_total{${POD_LABELS},result="stale"} 0`,
    ]);
    const rest = [
      ["krm_ledger_repairs_total", 3],
      ["krm_ledger_resynced_objects_total", 5],
      ["krm_ledger_list_contradictions_total", 6],
      ["krm_ledger_exposure_seconds_total", 90.5],
      ["krm_ledger_longest_exposure_seconds", 60],
      ["krm_ledger_last_drift_timestamp_seconds", START / 1000 - 1],
      ["krm_ledger_pending_verifications", 1],
    ] as const;
    expect(await series(registry, ...rest.map(([name]) => name))).toEqual(
      rest.map(([name, value]) => `${name}{${POD_LABELS}} ${value}`),
    );
    // A second scrape does not count again.
    expect(await series(registry, "krm_ledger_repairs_total")).toEqual([`krm_ledger_repairs_total{${POD_LABELS}} 3`]);
  });
});

describe("a scrape", () => {
  it("reads every scope once, also when two come at once", async () => {
    await fill(store, ALL, metaAt("100"));
    await fill(store, ONE, metaAt("100"));
    const reads: string[] = [];
    const counted = changed((of) => ({
      meta: async (options) => {
        reads.push(`meta ${of.scope.namespace ?? ""}`);
        return of.meta(options);
      },
      reports: async (options) => {
        reads.push(`reports ${of.scope.namespace ?? ""}`);
        return of.reports(options);
      },
    }));
    registerViewMetrics(registry, { store: counted, clock });
    const texts = await Promise.all([registry.metrics(), registry.metrics()]);
    expect(texts[0]).toContain(`krm_view_objects{${POD_LABELS}} 1`);
    expect(texts[1]).toBe(texts[0]);
    expect(reads).toEqual(["meta ", "reports ", "meta team-a", "reports team-a"]);
    await registry.metrics();
    expect(reads).toHaveLength(8);
  });

  it("leaves out a scope that cannot be read, and counts it", async () => {
    await fill(store, ALL, metaAt("100"));
    await fill(store, ONE, metaAt("100"));
    let fails = true;
    const failing = changed((of) => ({
      meta: async (options) => {
        if (fails && of.scope.namespace === undefined) throw new KrmError("KRM_STORE_FAILED", "gone");
        return of.meta(options);
      },
    }));
    registerViewMetrics(registry, { store: failing, clock });
    const one = 'krm_view_objects{resource="v1/pods",namespace="team-a"} 1';
    expect(await series(registry, "krm_view_objects", "krm_view_read_errors_total")).toEqual([
      one,
      "krm_view_read_errors_total 1",
    ]);
    fails = false;
    expect(await series(registry, "krm_view_objects", "krm_view_read_errors_total")).toEqual([
      `krm_view_objects{${POD_LABELS}} 1`,
      one,
      "krm_view_read_errors_total 1",
    ]);
  });

  it("does not fail with the store", async () => {
    registerViewMetrics(registry, { store, clock });
    await store[Symbol.asyncDispose]();
    expect(await series(registry, "krm_view_objects", "krm_view_read_errors_total")).toEqual([
      "krm_view_read_errors_total 1",
    ]);
  });

  it("does not wait for a store that does not answer", async () => {
    await fill(store, ALL, metaAt("100"));
    await fill(store, ONE, metaAt("100"));
    const silent = changed((of) =>
      of.scope.namespace === undefined ? { reports: async () => new Promise<never>(() => {}) } : {},
    );
    registerViewMetrics(registry, { store: silent, clock });
    const scraped = series(registry, "krm_view_objects", "krm_view_read_errors_total");
    await clock.untilSleeping(1);
    await clock.advance(3000);
    expect(await scraped).toEqual([
      'krm_view_objects{resource="v1/pods",namespace="team-a"} 1',
      "krm_view_read_errors_total 1",
    ]);
    expect(clock.pending).toBe(0);
  });
});
