import { PODS, SERVICES } from "@krm/core";
import { describe, expect, it } from "vitest";
import { Churn, generateCluster, ManualClock, readHistory, recordHistory, SimCluster } from "@krm/testkit";

const pod = (name: string): Record<string, unknown> => ({
  metadata: { name },
  spec: { containers: [{ name: "c", image: "c:1" }] },
});

describe("recordHistory and readHistory", () => {
  it("know the state of a resource at every version", () => {
    const cluster = new SimCluster({ clock: new ManualClock() });
    cluster.create(PODS, pod("before"));
    const lines: string[] = [];
    const stop = recordHistory(cluster, (line) => lines.push(line));
    const states = new Map([[cluster.version, cluster.list(PODS).items]]);
    cluster.subscribe(({ resourceVersion }) =>
      states.set(resourceVersion, cluster.list(PODS, { at: resourceVersion }).items),
    );
    cluster.create(PODS, pod("a"));
    cluster.create(SERVICES, { metadata: { name: "s" }, spec: { ports: [{ port: 80 }] } });
    cluster.patch(PODS, "default", "a", { metadata: { labels: { x: "1" } } });
    cluster.delete(PODS, "default", "before");
    const recorded = cluster.version;
    stop();
    cluster.create(PODS, pod("after"));

    const history = readHistory(lines);
    expect(history.version).toBe(recorded);
    states.delete(cluster.version);
    expect(states.size).toBe(6);
    for (const [version, items] of states) expect([...history.stateAt(PODS, version).values()]).toEqual(items);
    expect(() => history.stateAt(PODS, cluster.version)).toThrow(`version ${cluster.version} was not recorded`);
    expect(history.changes(SERVICES).map(({ type, key }) => [type, key])).toEqual([["ADDED", "default/s"]]);
  });

  it("follow a churning cluster through a restore and a compaction", async () => {
    const clock = new ManualClock();
    const cluster = new SimCluster({ clock });
    generateCluster(cluster, { pods: 30, nodes: 3 });
    const lines: string[] = [];
    recordHistory(cluster, (line) => lines.push(line));
    using churn = new Churn({ cluster, eventsPerSecond: 20 });
    const controller = new AbortController();
    const running = churn.run({ signal: controller.signal });
    await clock.advance(20_000);
    const back = cluster.version;
    await clock.advance(10_000);
    cluster.restore(back);
    cluster.compact();
    await clock.advance(20_000);
    controller.abort();
    await running;
    const state = readHistory(lines).stateAt(PODS, cluster.version);
    expect([...state.values()]).toEqual(cluster.list(PODS).items);
    expect(BigInt(cluster.version)).toBeGreaterThan(BigInt(back) + 100n);
  });

  it("leave out a last line that was cut, and refuse one cut in the middle", () => {
    const cluster = new SimCluster({ clock: new ManualClock() });
    const lines: string[] = [];
    recordHistory(cluster, (line) => lines.push(line));
    cluster.create(PODS, pod("a"));
    const version = cluster.version;
    cluster.create(PODS, pod("b"));
    const cut = [...lines.slice(0, -1), (lines.at(-1) as string).slice(0, 40)];
    expect(readHistory(cut).version).toBe(version);
    expect(() => readHistory([...cut, lines.at(-1) as string])).toThrow(SyntaxError);
  });
});
