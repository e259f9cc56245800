import type { MissedEventStatus, ScopeStatusBody } from "@krm/client";
import { describe, expect, it } from "vitest";
import { statusLines } from "../src/commands/status/status-lines.ts";

const NOW = "2026-01-01T00:10:00.000Z";
const NOTHING = { added: 0, modified: 0, deleted: 0, recreated: 0 };
type Merger = NonNullable<ScopeStatusBody["merger"]>;

function merger(more: Partial<Merger> = {}): Merger {
  return {
    verifications: {},
    modes: {},
    missed: NOTHING,
    missedByCause: {},
    exposure: { totalSeconds: 0, longestSeconds: 0 },
    repairs: 0,
    pending: 0,
    resynced: 0,
    late: 0,
    contradictions: 0,
    queued: 0,
    recent: [],
    ...more,
  };
}

function scope(name: string, more: Partial<ScopeStatusBody> = {}): ScopeStatusBody {
  return {
    resource: `v1/${name}`,
    name,
    kind: "Kind",
    state: "synced",
    objects: 12,
    bytes: 0,
    epoch: 0,
    verifiedAt: "2026-01-01T00:06:00.000Z",
    lastContact: "2026-01-01T00:09:58.000Z",
    verifier: {
      phase: "waiting",
      since: NOW,
      snapshots: 1,
      mode: "exact-metadata",
      requests: 1,
      asked: 0,
      failures: 0,
    },
    merger: merger(),
    ...more,
  };
}

function missed(key: string, foundAt: string, more: Partial<MissedEventStatus> = {}): MissedEventStatus {
  return {
    key,
    type: "deleted",
    cause: "upstream",
    horizon: "90",
    foundAt,
    exposedSeconds: 240,
    exposedSince: "verified",
    ...more,
  };
}

const SIX = [
  "pods",
  "deployments.apps",
  "persistentvolumeclaims",
  "services",
  "ingresses.networking.k8s.io",
  "nodes",
].map((name) => scope(name, { objects: 10_008 }));

function lines(scopes: readonly ScopeStatusBody[], width: number): string[] {
  return statusLines({ time: NOW, state: "synced", scopes }, width);
}

describe("krm status", () => {
  it("has a line for each scope: how it is, and how and when it was verified", () => {
    expect(lines([scope("pods")], 100)).toEqual([
      "RESOURCE   STATE    OBJECTS   NEWS     VERIFIED   HOW              DRIFT",
      "pods       synced   12        2s ago   4m ago     exact-metadata   0",
    ]);
  });

  it("names what has not been yet", () => {
    const { verifier: _, merger: __, verifiedAt: ___, lastContact: ____, ...bare } = scope("pods");
    const progress = { pages: 1, objects: 500, bytes: 1, expected: 700 };
    const streamer = { phase: "listing", since: NOW, progress } as NonNullable<ScopeStatusBody["streamer"]>;
    expect(lines([{ ...bare, state: "syncing", streamer }], 100)[1]).toBe(
      "pods       syncing   500/700   never   never      -     0",
    );
  });

  it("keeps the six resources within 80 columns", () => {
    const narrow = lines(SIX, 80);
    expect(Math.max(...narrow.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(narrow.slice(0, 3)).toEqual([
      "RESOURCE                STATE   OBJECTS  NEWS  VERIFIED  HOW             DRIFT",
      "pods                    synced  10008    2s    4m        exact-metadata  0",
      "deployments             synced  10008    2s    4m        exact-metadata  0",
    ]);
    expect(lines(SIX, 200)[5]).toMatch(/^ingresses\.networking\.k8s\.io {3}synced/);
  });

  it("keeps resources of one name apart, however narrow it is", () => {
    const same = [
      scope("services", { resource: "v1/services" }),
      scope("services.serving.knative.dev", { resource: "serving.knative.dev/v1/services" }),
    ];
    expect(lines(same, 40).map((line) => line.split(" ")[0])).toEqual(["RESOURCE", ...same.map(({ name }) => name)]);
  });

  it("has a column of namespaces where some are watched alone", () => {
    const both = [scope("pods", { namespace: "a" }), scope("nodes")];
    expect(lines(both, 100).map((line) => line.slice(0, 23))).toEqual([
      "RESOURCE   NAMESPACE   ",
      "pods       a           ",
      "nodes      *           ",
    ]);
  });

  it("tells what was missed, by type and cause, for how long, and the newest by name", () => {
    const pods = scope("pods", {
      merger: merger({
        missed: { added: 0, modified: 1, deleted: 3, recreated: 0 },
        missedByCause: {
          upstream: { added: 0, modified: 0, deleted: 3, recreated: 0 },
          expired: { added: 0, modified: 1, deleted: 0, recreated: 0 },
        },
        exposure: { totalSeconds: 310.2, longestSeconds: 240 },
        recent: [
          missed("team-a/p1", "2026-01-01T00:01:00.000Z", { type: "modified", cause: "expired", exposedSeconds: 0.4 }),
          missed("team-a/p2", "2026-01-01T00:07:00.000Z"),
        ],
      }),
    });
    const nodes = scope("nodes", {
      namespace: "b",
      merger: merger({
        missed: { added: 1, modified: 0, deleted: 0, recreated: 0 },
        missedByCause: { upstream: { added: 1, modified: 0, deleted: 0, recreated: 0 } },
        exposure: { totalSeconds: 0.5, longestSeconds: 0.5 },
        recent: [missed("n1", "2026-01-01T00:05:00.000Z", { type: "added" })],
      }),
    });
    const [, first, second, ...rest] = lines([pods, nodes], 80);
    expect([first, second].map((line) => line?.split(" ").at(-1))).toEqual(["4", "1"]);
    expect(rest).toEqual([
      "",
      "pods: missed 3 deleted, 1 modified",
      "  cause: 3 upstream, 1 expired",
      "  exposed: 5m11s in all, 4m at the longest",
      "nodes in b: missed 1 added",
      "  cause: 1 upstream",
      "  exposed: less than 1s in all, less than 1s at the longest",
      "",
      "FOUND    MISSED     EXPOSED        CAUSE      OBJECT",
      "3m ago   deleted    at most 4m     upstream   pods team-a/p2",
      "5m ago   added      at most 4m     upstream   nodes n1",
      "9m ago   modified   less than 1s   expired    pods team-a/p1",
    ]);
  });

  describe("tells that the API server's clock is off", () => {
    type Clock = NonNullable<NonNullable<ScopeStatusBody["verifier"]>["clock"]>;
    const AT = "2026-01-01T00:09:00.000Z";

    function seen(streamer: Partial<Clock> | undefined, verifier?: Partial<Clock>, name = "pods"): ScopeStatusBody {
      const bare = scope(name);
      const clock = (bounds: Partial<Clock>): Clock => ({
        lowSeconds: 0,
        highSeconds: 0,
        samples: 3,
        at: AT,
        ...bounds,
      });
      return {
        ...bare,
        ...(streamer && {
          streamer: { phase: "watching", clock: clock(streamer) } as ScopeStatusBody["streamer"] & {},
        }),
        ...(verifier && { verifier: { ...bare.verifier, clock: clock(verifier) } as ScopeStatusBody["verifier"] & {} }),
      };
    }

    it("when it is so by more than a second, for certain", () => {
      expect(lines([seen({ lowSeconds: 2.9, highSeconds: 3.1 })], 80).slice(2)).toEqual([
        "",
        "clock: the API server's is 3.0 s ahead of ours (±0.1 s)",
      ]);
      expect(lines([seen({ lowSeconds: -2, highSeconds: -1.01 })], 80).at(-1)).toBe(
        "clock: the API server's is 1.5 s behind ours (±0.5 s)",
      );
    });

    it.each([
      ["not known", undefined],
      ["perhaps right", { lowSeconds: -0.2, highSeconds: 4 }],
      ["perhaps a second off only", { lowSeconds: 0.9, highSeconds: 4 }],
      ["off long ago", { lowSeconds: 9, highSeconds: 9, at: "2025-12-31T23:00:00.000Z" }],
    ])("and not when it is %s", (_, clock) => {
      expect(lines([seen(clock)], 80)).toHaveLength(2);
    });

    it("in one line: of the streamer's process that is the furthest off", () => {
      const scopes = [
        seen({ lowSeconds: 2.9, highSeconds: 3.1 }, { lowSeconds: 9, highSeconds: 9 }),
        seen({ lowSeconds: -5.1, highSeconds: -4.9 }, undefined, "nodes"),
      ];
      expect(lines(scopes, 80).slice(4)).toEqual(["clock: the API server's is 5.0 s behind ours (±0.1 s)"]);
    });

    it("by the verifier, where streamers say nothing of it", () => {
      const verifier = { lowSeconds: 2.9, highSeconds: 3.1 };
      expect(lines([seen({ lowSeconds: -0.1, highSeconds: 0.1 }, verifier)], 80).slice(3)).toEqual([
        "clock: the API server's is 3.0 s ahead of the verifier's (±0.1 s)",
      ]);
    });
  });

  it("tells that the streamer's own process was slow, where readers could notice it", () => {
    const slow = (maxSeconds: number, name = "pods"): ScopeStatusBody => ({
      ...scope(name),
      streamer: { phase: "watching", eventLoop: { p99Seconds: 0, maxSeconds } } as ScopeStatusBody["streamer"] & {},
    });
    expect(lines([slow(0.25)], 80)).toHaveLength(2);
    expect(lines([slow(0.01), slow(0.3, "nodes")], 80).slice(3)).toEqual([
      "",
      "process: our own was held up for 300 ms within the last two minutes",
    ]);
    expect(lines([slow(2.345)], 80).at(-1)).toBe("process: our own was held up for 2.3 s within the last two minutes");
  });

  it("names ten missed events at most: the newest", () => {
    const recent = Array.from({ length: 30 }, (_, index) =>
      missed(`team-a/p${index}`, new Date(Date.parse(NOW) - (30 - index) * 1000).toISOString()),
    );
    const told = lines([scope("pods", { merger: merger({ recent }) })], 80).slice(4);
    expect(told.map((line) => line.split("/")[1])).toEqual(Array.from({ length: 10 }, (_, index) => `p${29 - index}`));
  });

  it("shows no control characters of names", () => {
    const recent = [missed("team-a/\u001b[2J", NOW)];
    expect(lines([scope("pods", { merger: merger({ recent }) })], 80).at(-1)).toMatch(/team-a\/\\u001b\[2J$/);
  });
});
