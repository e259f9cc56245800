import assert from "node:assert/strict";
import { PODS } from "@krm/core";
import { WIDGETS } from "@krm/testkit";
import { change, touch } from "../changes.ts";
import { type HttpScene, httpScene, type HttpSceneOptions } from "../http-scene.ts";
import type { Figures, Row, RowContext } from "../row.ts";
import type { QuietOptions } from "../scenario.ts";

interface HttpFault extends QuietOptions {
  /** As `krm simulate --faults` takes it. */
  readonly faults: string;
  /** How long it goes wrong, in seconds of simulated time. @default 90 */
  readonly seconds?: number;
  /** Nothing may be claimed as lost by the API server. */
  readonly lossless?: boolean;
  readonly scene?: Partial<HttpSceneOptions>;
  readonly step?: (s: HttpScene, second: number) => void;
  readonly check?: (s: HttpScene) => Promise<Figures>;
}

/** Runs an API server over HTTPS that fails, under churn, and then quiet. */
async function served({ seed, brief }: RowContext, fault: HttpFault): Promise<Figures> {
  const { faults, lossless = true, scene, step, check, ...quiet } = fault;
  const seconds = fault.seconds ?? (brief ? 45 : 90);
  await using s = await httpScene({ seed, ...scene });
  s.break(faults, seed);
  // Watches that are open keep the faults that they began with.
  s.server.endWatches();
  for (let second = 0; second < seconds; second += 2) {
    if (step === undefined) await s.churn(2, 1);
    else step(s, second);
    await s.pass(2000);
  }
  s.break("", seed);
  s.server.endWatches();
  const figures = await s.quiet({ withinMs: 900_000, ...quiet });
  const upstream = s.drift.filter(({ cause }) => cause === "upstream").length;
  if (lossless) assert.equal(upstream, 0, "the API server lost nothing");
  const requests = s.server.requests.count({});
  return { ...figures, upstream, requests, ...(await check?.(s)) };
}

function row(fault: HttpFault, name = fault.faults): Row {
  return { name: `http fault: ${name}`, run: async (context) => served(context, fault) };
}

const WIDGETS_ALONE: HttpFault["scene"] = {
  monitor: { resources: [WIDGETS] },
  prepare: (cluster) => {
    for (let i = 0; i < 4; i++) cluster.create(WIDGETS, { metadata: { name: `w${i}` } }, { namespace: "team-a" });
  },
};

/** One row for each fault of the simulated API server, over real sockets. */
export const HTTP_ROWS: readonly Row[] = [
  row({ faults: "drop=0.1", lossless: false }),
  row({
    faults: "lose=0.3",
    seconds: 240,
    lossless: false,
    drift: "claims",
    withinMs: 3_600_000,
    scene: { pods: 40, monitor: { verifyEveryMs: 20_000 } },
    step: (s, second) => {
      const name = `p${second % 40}`;
      if (s.cluster.get(PODS, "team-a", name) === undefined) return;
      if (second % 6 === 0) s.cluster.delete(PODS, "team-a", name, { gracePeriodSeconds: 0 });
      else touch(s.cluster, name);
    },
    check: async (s) => {
      assert.ok(s.drift.length > 0, "what the watch cache lost is found by name while it lies");
      return {};
    },
  }),
  row({ faults: "delay=0.2:3s" }),
  row({ faults: "dup=0.3" }),
  row({ faults: "reorder=0.2", lossless: false }),
  row({ faults: "truncate=0.1" }),
  row({ faults: "disconnect=8s" }),
  row({ faults: "stall=30s", seconds: 240 }),
  row({ faults: "mute=30s", seconds: 240, lossless: false }),
  row({ faults: "hush=30s", seconds: 240 }),
  row({ faults: "lag=0.5:3s" }),
  row({ faults: "nowatchlist,disconnect=15s" }),
  row({ faults: "410=0.3,disconnect=8s" }),
  row({ faults: "429=0.3:1s,disconnect=8s" }),
  row({ faults: "500=0.3,disconnect=8s" }),
  row({ faults: "compact=10s,disconnect=8s" }),
  row({ faults: "restart=20s" }),
  row({
    faults: "restore=40s",
    seconds: 100,
    drift: "unchecked",
    lossless: false,
    // Still after each restore, so that the old versions are not overtaken before anybody looks (trap 15c).
    step: (s, second) => {
      if (second % 40 < 36 && second < 76 && second % 40 !== 0) change(s.cluster, s.random);
    },
    scene: { monitor: { verifyEveryMs: 10_000 } },
    check: async (s) => {
      const { epoch } = (await s.status()).view;
      assert.ok(epoch > 0, "a new history is told");
      return { epoch };
    },
  }),
  row({
    faults: "crd=200s",
    seconds: 420,
    scene: WIDGETS_ALONE,
    step: (s, second) => {
      if (second % 10 === 0)
        s.cluster.patch(WIDGETS, "team-a", `w${(second / 10) % 4}`, { metadata: { labels: { at: String(second) } } });
    },
  }),
  row(
    {
      faults:
        "drop=0.02,delay=0.05:2s,dup=0.05,reorder=0.02,truncate=0.02,disconnect=30s,410=0.05,429=0.05,500=0.05,compact=20s,restart=45s",
      seconds: 180,
      lossless: false,
    },
    "all together",
  ),
];
