// KRM reads from KRM: the second one's cluster is the first one's Kubernetes API.
import { KrmError, type Observation, PODS, type ScopeStatus } from "@krm/core";
import { FaultPlan, parseFaults, SeededRandom } from "@krm/testkit";
import { describe, expect, test, vi } from "vitest";
import { touch } from "../faults/changes.ts";
import { apiError, EXPIRED, Lies } from "../faults/faults-of-a-source.ts";
import { httpScene } from "../faults/http-scene.ts";
import { type Figures, overSeeds } from "../faults/row.ts";
import { type Scene, scene, type SourceScene } from "../faults/scenario.ts";
import { pod } from "../roles/support.ts";
import { SecondKrm } from "./cascade-scene.ts";

// Other work on the machine makes all of it slower.
vi.setConfig({ testTimeout: 60_000 });

/** Longer than any test goes on: nothing is verified but when it is asked for. */
const NEVER_MS = 36_000_000;

describe("the second one is no fresher than the first one", () => {
  test("while that is cut off from its cluster", async () => {
    let cut = false;
    await using first = await scene({
      seed: 1,
      source: () => ({
        beforeRequest: () => {
          if (cut) throw new KrmError("KRM_CONNECTION", "no way");
        },
      }),
      monitor: { verifyEveryMs: 20_000 },
    });
    await using second = await SecondKrm.of(first, { seed: 2, monitor: { verifyEveryMs: 20_000 } });
    const both = async (): Promise<readonly [ScopeStatus, ScopeStatus]> => [
      await first.status(),
      await second.status(),
    ];
    touch(first.cluster, "p1");
    await second.pass(30_000);
    first.bookmark();
    await second.pass(1000);
    const [{ view: heard }] = await both();
    cut = true;
    first.source.endWatches(new KrmError("KRM_CONNECTION", "cut"));
    for (let round = 0; round < 15; round++) {
      // That it watches anew is no news of the cluster.
      if (round === 1) second.breakConnections();
      if (round === 3) await second.restartServer();
      second.monitor.verifyNow();
      await second.pass(10_000);
      const [, { view }] = await both();
      expect(view.lastContact).toBe(heard.lastContact);
      expect(view.verifiedAt).toBeLessThanOrEqual(heard.lastContact as number);
    }
    await second.pass(1000);
    const [stale, alike] = await both();
    expect([stale.state, alike.state]).toEqual(["stale", "stale"]);
    // What is between the two is well.
    expect(alike.reports.streamer).toMatchObject({ state: { phase: "watching" }, stalls: 0 });

    cut = false;
    await second.pass(60_000);
    const [well, again] = await both();
    expect([well.state, again.state]).toEqual(["synced", "synced"]);
    expect(again.view.lastContact).toBe(well.view.lastContact);
    await second.quiet();
  });

  test("who begins while that is cut off is not synced either", async () => {
    let cut = false;
    await using first = await scene({
      seed: 1,
      source: () => ({
        beforeRequest: () => {
          if (cut) throw new KrmError("KRM_CONNECTION", "no way");
        },
      }),
    });
    cut = true;
    first.source.endWatches(new KrmError("KRM_CONNECTION", "cut"));
    await first.pass(200_000);
    await using second = await SecondKrm.of(first, { seed: 2 });
    const { state, view } = await second.status();
    expect(state).toBe("stale");
    expect(view.lastContact).toBe((await first.status()).view.lastContact);
    cut = false;
    await second.pass(60_000);
    expect((await second.status()).state).toBe("synced");
  });

  test("a third one is told of a quiet cluster as soon as the first one", async () => {
    await using first = await scene({ seed: 1, monitor: { verifyEveryMs: NEVER_MS } });
    await using second = await SecondKrm.of(first, { seed: 2, monitor: { verifyEveryMs: NEVER_MS } });
    await using third = await SecondKrm.of(second, { seed: 3, monitor: { verifyEveryMs: NEVER_MS } });
    for (let minute = 0; minute < 4; minute++) {
      await third.pass(60_000);
      first.bookmark();
      await third.pass(1000);
      const { view } = await first.status();
      expect((await third.status()).view.lastContact).toBe(view.lastContact);
    }
  });
});

const CHANGES: Readonly<Record<string, (first: SourceScene) => void>> = {
  added: ({ cluster }) => void pod(cluster, "new"),
  modified: ({ cluster }) => touch(cluster, "p1"),
  deleted: ({ cluster }) => void cluster.delete(PODS, "team-a", "p1"),
  recreated: ({ cluster }) => {
    cluster.delete(PODS, "team-a", "p1");
    pod(cluster, "p1");
  },
};

describe("what the first one missed and its verification repaired reaches the second one, which claims nothing of it", () => {
  for (const verified of [false, true])
    test.each(Object.keys(CHANGES))(
      `%s${verified ? ", also when the second one had verified the wrong state in between" : ""}`,
      async (what) => {
        let lying = false;
        await using first = await scene({
          seed: 1,
          source: () => ({ tell: (event) => (lying ? [] : [event]) }),
          monitor: { verifyEveryMs: NEVER_MS },
        });
        await using second = await SecondKrm.of(first, { seed: 2, monitor: { verifyEveryMs: NEVER_MS } });
        lying = true;
        CHANGES[what]?.(first);
        lying = false;
        touch(first.cluster, "p2");
        await second.pass(1000);
        if (verified) {
          await second.verified();
          touch(first.cluster, "p3");
          await second.pass(1000);
        }
        expect(await second.differences()).toHaveLength(1);

        await first.verified();
        expect(first.causes()).toEqual({ [`upstream ${what}`]: 1 });
        await second.equal(30_000, false);
        await second.verified();
        expect(second.causes()).toEqual({});
        // Who resumes from before it is told: lists and watches of the second one know of the repair as well.
        const { resumeFloor, repairPending } = (await second.status()).view;
        expect(repairPending || resumeFloor !== undefined).toBe(true);
      },
    );
});

/** Every state that a KRM has shown, as `key uid@version`; of what is gone, `key nothing`. */
function shownBy({ monitor }: Scene): ReadonlySet<string> {
  const shown = new Set<string>();
  monitor.events.on("commit", (_scope, { changes }) => {
    for (const change of changes)
      shown.add(change.type === "set" ? line(change.object.key, change.object) : line(change.key, undefined));
  });
  return shown;
}

function line(key: string, state: { readonly uid: string; readonly resourceVersion: string } | undefined): string {
  return state === undefined ? `${key} nothing` : `${key} ${state.uid}@${state.resourceVersion}`;
}

/**
 * Both views are the cluster. What the second one claims is what it had not heard of the first one, which showed it, be it
 * right or not: by a gap that it knew of. An event that the first one did not send is claimed only where it was on its
 * way, out of turn, at the very moment of a verification.
 */
async function holds(second: SecondKrm, shown: ReadonlySet<string>): Promise<void> {
  await second.quiet({ drift: "unchecked" });
  const claims = second.drift.map(({ key, actual }) => line(key, actual));
  expect(claims.filter((claim) => !shown.has(claim))).toEqual([]);
  const told = new Set(
    second.traced.flatMap(({ input }) => (input.type === "observed" ? toldBy(input.observation) : [])),
  );
  const upstream = second.drift.filter(({ cause }) => cause === "upstream").map(({ key, actual }) => line(key, actual));
  expect(upstream.filter((claim) => !told.has(claim))).toEqual([]);
}

function toldBy({ type, object }: Observation): string {
  return line(object.key, type === "deleted" ? undefined : object);
}

/** Everything goes wrong before the first one, and the way between the two breaks. */
async function broken(seed: number): Promise<Figures> {
  const lies = new Lies("drop=0.06,dup=0.05,reorder=0.03", seed);
  const plan = new FaultPlan(parseFaults("410=0.05,429=0.05,500=0.08"), seed);
  const random = new SeededRandom(`${seed}/cascade`);
  let failing = true;
  await using first = await scene({
    seed,
    firstVersion: seed % 2 === 0 ? "9007199254740980" : "990",
    monitor: { verifyEveryMs: 20_000 },
    source: () => ({
      tell: lies.tell,
      streamingLists: seed % 2 === 0,
      beforeRequest: ({ verb }) => {
        const { status, retryAfterSeconds } = plan.nextRequest({ expirable: verb === "watch" });
        if (failing && status !== undefined) throw apiError(status, { retryAfterSeconds });
      },
    }),
  });
  const shown = shownBy(first);
  await using second = await SecondKrm.of(first, { seed: seed + 100, monitor: { verifyEveryMs: 20_000 } });
  for (let i = 0; i < 50; i++) {
    await second.churn(random.integer(1, 5), 1500);
    if (random.chance(0.1))
      first.source.endWatches(random.chance(0.5) ? new KrmError("KRM_CONNECTION", "reset") : undefined);
    if (random.chance(0.03)) first.source.endWatches(new KrmError("KRM_DECODE", "no frame"));
    if (random.chance(0.03)) first.source.failWatches(EXPIRED);
    if (random.chance(0.03)) first.cluster.compact();
    if (random.chance(0.06)) second.breakConnections();
    if (random.chance(0.04)) await second.restartServer();
  }
  failing = false;
  lies.lying = false;
  await holds(second, shown);
  const used = second.traced.flatMap(({ verdicts }) => verdicts.map(({ mode }) => mode));
  const count = (list: readonly string[], one: string): number => list.filter((other) => other === one).length;
  return {
    exact: count(used, "exact-metadata"),
    latest: count(used, "latest-metadata"),
    upstream: first.causes()["upstream modified"] ?? 0,
    expired: first.causes()["expired modified"] ?? 0,
  };
}

describe("the second one ends as the cluster, and claims no repair of the first one as missed", () => {
  test("with lies, failing requests and gaps before the first one, and a way between them that breaks", async () => {
    const { exact, latest, upstream, expired } = await overSeeds([1, 2, 3, 4], broken);
    // It verified at the watch's very version, and at the newest where the first one held that no more.
    expect(exact).toBeGreaterThan(0);
    expect(latest).toBeGreaterThan(0);
    // There was something to repair.
    expect(upstream).toBeGreaterThan(0);
    expect(expired).toBeGreaterThan(0);
  });

  test.each([1, 2])("with an API server over HTTPS that fails (seed %i)", async (seed) => {
    await using first = await httpScene({ seed, monitor: { verifyEveryMs: 20_000 } });
    const shown = shownBy(first);
    await using second = await SecondKrm.of(first, { seed: seed + 100, monitor: { verifyEveryMs: 20_000 } });
    first.break("drop=0.1,dup=0.03,410=0.03,429=0.05,500=0.05,disconnect=20s", seed);
    // Watches that are open keep the faults that they began with.
    first.server.endWatches();
    await second.churn(80);
    first.break("", seed);
    first.server.endWatches();
    await holds(second, shown);
  });

  test("after the cluster was restored: both begin a new epoch", async () => {
    await using first = await scene({ seed: 1 });
    await using second = await SecondKrm.of(first, { seed: 2 });
    const before = first.cluster.version;
    for (let i = 0; i < 20; i++) touch(first.cluster, "p1");
    await second.pass(5000);
    first.cluster.restore(before);
    first.source.endWatches();
    await second.quiet({ drift: "unchecked" });
    expect((await first.status()).view.epoch).toBe(1);
    expect((await second.status()).view.epoch).toBe(1);
    expect(second.drift).toEqual([]);
  });
});
