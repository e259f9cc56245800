import { KrmError } from "@krm/core";
import { describe, expect, it } from "vitest";
import { describeFaults, FaultPlan, parseFaults } from "@krm/testkit";

const NAMES = [
  "drop",
  "lose",
  "delay",
  "sway",
  "dup",
  "reorder",
  "truncate",
  "disconnect",
  "stall",
  "mute",
  "hush",
  "lag",
  "nowatchlist",
  "410",
  "429",
  "500",
  "compact",
  "restart",
  "restore",
  "crd",
];

describe("parseFaults", () => {
  it("reads every fault", () => {
    const text =
      "drop=0.01,lose=0.001,delay=0.05:2s,dup=.02,reorder=0.03,truncate=0.001,disconnect=30s,stall=2m,mute=3m,hush=4m," +
      "lag=0.2:1s,nowatchlist,410=0.01,429=0.02,500=1,compact=1m,restart=1.5h,restore=10m,crd=15m," +
      "sway.pods=5s/1m,sway=500ms/2s,sway.deployments.apps=.5s/1.5m";
    expect(parseFaults(text)).toEqual({
      drop: 0.01,
      lose: 0.001,
      delay: { probability: 0.05, ms: 2000 },
      sway: {
        "*": { maxMs: 500, periodMs: 2000 },
        pods: { maxMs: 5000, periodMs: 60_000 },
        "deployments.apps": { maxMs: 500, periodMs: 90_000 },
      },
      duplicate: 0.02,
      reorder: 0.03,
      truncate: 0.001,
      disconnectMs: 30_000,
      stallMs: 120_000,
      muteMs: 180_000,
      hushMs: 240_000,
      lag: { probability: 0.2, ms: 1000 },
      noWatchList: true,
      expired: 0.01,
      tooManyRequests: { probability: 0.02, retryAfterSeconds: 1 },
      internalError: 1,
      compactEveryMs: 60_000,
      restartEveryMs: 5_400_000,
      restoreEveryMs: 600_000,
      withdrawEveryMs: 900_000,
    });
    expect(parseFaults("429=0.5:1500ms")).toEqual({ tooManyRequests: { probability: 0.5, retryAfterSeconds: 2 } });
    expect(parseFaults(" ")).toEqual({});
  });

  it.each([
    ["dorp=0.1", '"dorp" is not a fault: known faults: '],
    ["toString=1", '"toString" is not a fault'],
    ["drop", 'fault "drop" cannot be read: write drop=P, as in drop=0.01'],
    ["drop=2", 'fault "drop=2" cannot be read'],
    ["drop=1e-1", 'fault "drop=1e-1" cannot be read'],
    ["drop=-0.1", 'fault "drop=-0.1" cannot be read'],
    ["delay=0.1", 'fault "delay=0.1" cannot be read: write delay=P:TIME'],
    ["delay=0.1:2s:3", "cannot be read"],
    ["disconnect=30", 'fault "disconnect=30" cannot be read: write disconnect=TIME, as in disconnect=30s'],
    ["stall=0s", "cannot be read"],
    ["lag=1s", 'fault "lag=1s" cannot be read: write lag=P:TIME, as in lag=0.2:3s'],
    ["nowatchlist=1", 'fault "nowatchlist=1" cannot be read: write nowatchlist'],
    ["drop=0.1,drop=0.2", 'fault "drop" is given twice'],
    ["sway.pods=1s/3s,sway.pods=1s/3s", 'fault "sway.pods" is given twice'],
    [
      "sway",
      'fault "sway" cannot be read: write sway=MAX/PERIOD, where PERIOD is more than twice MAX, as in sway=5s/1m',
    ],
    ["sway=5s/10s", 'fault "sway=5s/10s" cannot be read: write sway=MAX/PERIOD, where PERIOD is more than twice MAX'],
    ["sway=5s", 'fault "sway=5s" cannot be read'],
    ["sway=5s/1m/1m", 'fault "sway=5s/1m/1m" cannot be read'],
    ["sway=0s/1m", 'fault "sway=0s/1m" cannot be read'],
    ["sway.pods=1s/1s", 'fault "sway.pods=1s/1s" cannot be read: write sway.pods=MAX/PERIOD'],
    ["sway.pod=1s/3s", '"sway.pod" is about a resource that there is not: known resources: configmaps, '],
    ["sway.=1s/3s", '"sway." is about a resource that there is not'],
    ["sway.pods.apps=1s/3s", '"sway.pods.apps" is about a resource that there is not'],
    ["drop.pods=0.1", '"drop.pods" is not a fault: known faults: '],
  ])("refuses %s", (text, message) => {
    const refused = (): unknown => parseFaults(text);
    expect(refused).toThrow(KrmError);
    expect(refused).toThrow(message);
  });

  it("names resources of other clusters, where it is told of them", () => {
    const resources = [{ group: "example.com", resource: "things" }];
    expect(parseFaults("sway.things.example.com=1s/3s", resources).sway).toEqual({
      "things.example.com": { maxMs: 1000, periodMs: 3000 },
    });
    expect(() => parseFaults("sway.pods=1s/3s", resources)).toThrow("known resources: things");
  });

  it("describes every fault that it reads", () => {
    const lines = describeFaults().split("\n");
    const described = lines.slice(1).map((line) => line.trim().split(/[= [.]/)[0]);
    expect(new Set(described)).toEqual(new Set(NAMES));
    expect(described).toHaveLength(NAMES.length);
  });
});

describe("FaultPlan", () => {
  const spec = parseFaults("drop=0.1,delay=0.2:2s,dup=0.3,429=0.1:3s,500=0.1,410=0.5,disconnect=10s");

  it("decides the same from the same seed", () => {
    const decide = (seed: number): unknown[] => {
      const plan = new FaultPlan(spec, seed);
      return Array.from({ length: 50 }, () => [plan.nextEvent(), plan.nextRequest({ expirable: true })]);
    };
    expect(decide(1)).toEqual(decide(1));
    expect(decide(2)).not.toEqual(decide(1));
  });

  it("is as likely as it says", () => {
    const plan = new FaultPlan(spec, 11);
    const events = Array.from({ length: 20_000 }, () => plan.nextEvent());
    const share = (holds: (event: (typeof events)[number]) => boolean): number => events.filter(holds).length / 20_000;
    expect(share((event) => event.drop)).toBeCloseTo(0.1, 1);
    expect(share((event) => event.delayMs === 2000)).toBeCloseTo(0.2, 1);
    expect(share((event) => event.duplicate)).toBeCloseTo(0.3, 1);
    expect(share((event) => event.reorder || event.truncate)).toBe(0);
  });

  it("does not shift one fault by another", () => {
    const drops = (text: string): boolean[] => {
      const plan = new FaultPlan(parseFaults(text), 5);
      return Array.from({ length: 200 }, () => plan.nextEvent().drop);
    };
    expect(drops("drop=0.2,delay=0.5:1s,reorder=0.5")).toEqual(drops("drop=0.2"));
  });

  it("draws what is asked at other moments from sources of their own", () => {
    const fates = (text: string): unknown[] => {
      const plan = new FaultPlan(parseFaults(text), 5);
      return Array.from({ length: 200 }, () => {
        plan.nextLost();
        plan.nextLagging();
        plan.muteAfterMs();
        plan.hushAfterMs();
        return [plan.nextEvent(), plan.nextRequest(), plan.disconnectAfterMs(), plan.stallAfterMs()];
      });
    };
    const without = (): unknown[] => {
      const plan = new FaultPlan(parseFaults("drop=0.2,429=0.2,disconnect=1s"), 5);
      return Array.from({ length: 200 }, () => [
        plan.nextEvent(),
        plan.nextRequest(),
        plan.disconnectAfterMs(),
        plan.stallAfterMs(),
      ]);
    };
    expect(fates("drop=0.2,429=0.2,disconnect=1s,lose=0.5,lag=0.5:1s,mute=1s,hush=1s")).toEqual(without());
    const share = (ask: (plan: FaultPlan) => boolean): number => {
      const plan = new FaultPlan(parseFaults("lose=0.2,lag=0.4:1s"), 5);
      return Array.from({ length: 5000 }, () => ask(plan)).filter(Boolean).length / 5000;
    };
    expect(share((plan) => plan.nextLost())).toBeCloseTo(0.2, 1);
    expect(share((plan) => plan.nextLagging())).toBeCloseTo(0.4, 1);
  });

  it("expires only what can expire, and tells when to come back", () => {
    const plan = new FaultPlan(spec, 3);
    const plain = Array.from({ length: 500 }, () => plan.nextRequest());
    expect(plain.some(({ status }) => status === 410)).toBe(false);
    const refused = plain.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(20);
    expect(refused.every(({ retryAfterSeconds }) => retryAfterSeconds === 3)).toBe(true);
    const versioned = Array.from({ length: 500 }, () => plan.nextRequest({ expirable: true }));
    expect(versioned.filter(({ status }) => status === 410).length).toBeGreaterThan(150);
  });

  it("breaks connections about when it says, and never without being told", () => {
    const plan = new FaultPlan(spec, 3);
    for (let index = 0; index < 100; index++) {
      const after = plan.disconnectAfterMs() ?? 0;
      expect(after).toBeGreaterThanOrEqual(5000);
      expect(after).toBeLessThan(15_000);
      expect(plan.stallAfterMs()).toBeUndefined();
    }
    expect(new FaultPlan({}, 1).nextEvent()).toEqual({
      drop: false,
      duplicate: false,
      reorder: false,
      truncate: false,
      delayMs: 0,
    });
  });
});
