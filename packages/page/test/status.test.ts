import type { DelayMinuteStatus, StatusBody } from "@krm/protocol";
import { describe, expect, it } from "vitest";
import { layOut } from "../src/browser/delay/delay-scale.ts";
import { objectPath } from "../src/browser/object/object-path.ts";
import { objectTrust } from "../src/browser/object/object-trust.ts";
import { yamlTokens } from "../src/browser/object/yaml-tokens.ts";
import { NO_FILTER } from "../src/browser/objects/filter.ts";
import { formatPlace, parsePlace } from "../src/browser/session/place.ts";
import { EventRates } from "../src/browser/status/event-rates.ts";
import { formatSeconds, formatSpan } from "../src/browser/text/time.ts";

describe("events per second", () => {
  const status = (seconds: number, events: number): StatusBody => {
    const streamer = { events } as unknown as NonNullable<StatusBody["scopes"][number]["streamer"]>;
    const scope = { resource: "v1/pods", streamer } as unknown as StatusBody["scopes"][number];
    return { time: new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString(), state: "synced", scopes: [scope] };
  };

  it("are told from the second status on, over a quarter of a minute, by the server's clock", () => {
    const rates = new EventRates();
    const told = [
      [0, 10],
      [3, 16],
      [9, 28],
      [20, 28],
      [24, 28],
    ] as const;
    expect(told.map(([at, events]) => rates.take(status(at, events)).get("v1/pods"))).toEqual([undefined, 2, 2, 0, 0]);
  });

  it("are not told of a count that began anew", () => {
    const rates = new EventRates();
    rates.take(status(0, 1000));
    expect(rates.take(status(3, 5)).size).toBe(0);
  });
});

describe("the place in the address", () => {
  it.each([
    { resource: "v1/pods", filter: NO_FILTER },
    { resource: "networking.k8s.io/v1/ingresses", filter: { ...NO_FILTER, labels: "a in (b,c),d=e&f?#", name: "x y" } },
    { resource: undefined, filter: NO_FILTER },
  ])("is read as it was written: %j", (place) => {
    expect(parsePlace(formatPlace(place))).toEqual(place);
  });

  it("is nowhere for what makes no sense", () => {
    expect(parsePlace("#%E0%A4%A?nonsense=1")).toEqual({ resource: "%E0%A4%A", filter: NO_FILTER });
  });
});

describe("the trust in an object", () => {
  const freshness = (verifiedResourceVersion: string | undefined) => ({
    state: "synced" as const,
    verifiedAt: undefined,
    verifiedResourceVersion,
    streamedThrough: undefined,
    lastContact: undefined,
    warnings: [],
  });

  it.each([
    ["99", "100", "verified"],
    ["100", "100", "verified"],
    ["101", "100", "streamed"],
    // Larger than a number can tell apart.
    ["9007199254740993", "9007199254740992", "streamed"],
    ["5", undefined, "unknown"],
    ["x5", "9", "unknown"],
    ["", "9", "unknown"],
  ])("at version %s with all certain up to %s is %s", (version, horizon, type) => {
    expect(objectTrust(version, freshness(horizon))).toEqual({ type });
  });

  it("is unknown where nothing was said", () => {
    expect(objectTrust("1", undefined)).toEqual({ type: "unknown" });
  });
});

it.each([
  ["v1/pods", "team-a/web-0", "/api/v1/namespaces/team-a/pods/web-0"],
  ["v1/nodes", "n1", "/api/v1/nodes/n1"],
  ["apps/v1/deployments", "a/b", "/apis/apps/v1/namespaces/a/deployments/b"],
])("the path of %s %s is %s", (resource, key, path) => {
  expect(objectPath(resource, key)).toBe(path);
});

it.each([
  "apiVersion: v1",
  "  - name: x",
  "    app.kubernetes.io/name: web # no",
  "  text: |-",
  '      "quoted": {"json": 1}',
  "  - - 5",
  "",
  "   ",
  "plain: a: b",
])("the parts of %j are the line", (line) => {
  expect(
    yamlTokens(line)
      .map(({ text }) => text)
      .join(""),
  ).toBe(line);
});

describe("the plot of delays", () => {
  const NOW = Date.UTC(2026, 0, 1, 12);
  const minute = (ago: number, p99Seconds: number): DelayMinuteStatus => ({
    at: new Date(NOW - ago * 60_000).toISOString(),
    count: 3,
    p50Seconds: p99Seconds / 4,
    p90Seconds: p99Seconds / 2,
    p99Seconds,
  });
  const box = { width: 600, height: 100 };

  it("joins minutes that follow each other, and leaves a gap where nothing was measured", () => {
    const { lines, lone } = layOut([minute(30, 1), minute(29, 2), minute(10, 4)], NOW, box);
    expect(lines.p99).toBe("M305 80L315 60M505 20");
    expect(lone).toEqual([minute(10, 4)]);
    // From before the hour: it would stand over the marks of the scale.
    expect(layOut([minute(61, 9), minute(30, 1)], NOW, box).lines.p99).toBe(
      layOut([minute(30, 1)], NOW, box).lines.p99,
    );
  });

  it("has a scale that ends above the highest, and keeps what is below zero at it", () => {
    expect(layOut([minute(5, 3.1)], NOW, box).marks.at(-1)).toEqual({ seconds: 5, y: 0 });
    expect(layOut([minute(5, 0.002)], NOW, box).marks.at(-1)?.seconds).toBe(0.01);
    expect(layOut([minute(5, -3)], NOW, box).lines.p99).toBe("M555 100");
  });
});

it("lengths of time are told in a unit or two", () => {
  expect([-3, 0, 59.9, 60, 75, 600, 3600, 5400, 90_000, 864_000].map(formatSpan)).toEqual([
    "0s",
    "0s",
    "59s",
    "1m",
    "1m15s",
    "10m",
    "1h",
    "1h30m",
    "1d1h",
    "10d",
  ]);
  expect([0, 0.0042, 0.85, 12.34, -0.25, 300].map(formatSeconds)).toEqual([
    "0 s",
    "4.2 ms",
    "0.85 s",
    "12.3 s",
    "-0.25 s",
    "5m",
  ]);
});
