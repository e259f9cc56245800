import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { LEASES, parseFaults } from "@krm/testkit";
import { expect, it } from "vitest";
import { startSimulation } from "../src/simulation/simulation.ts";

it("a simulation ends while it is made, however large it is", async () => {
  const stop = new AbortController();
  const reason = new Error("enough");
  const starting = startSimulation({
    pods: 100_000,
    churn: 0,
    seed: 1,
    faults: parseFaults(""),
    listen: { host: "127.0.0.1", port: 0 },
    signal: stop.signal,
    onCluster: () => expect.unreachable("the cluster is complete"),
  });
  setImmediate(() => stop.abort(reason));
  await expect(starting).rejects.toBe(reason);
});

it("a simulation whose clock is off shows it in its answers and in its objects", async () => {
  const clockOffsetMs = -86_400_000;
  await using simulation = await startSimulation({
    pods: 0,
    nodes: 3,
    churn: 0,
    seed: 1,
    faults: parseFaults(""),
    clockOffsetMs,
    nodeLeases: true,
    listen: { host: "127.0.0.1", port: 0 },
    signal: new AbortController().signal,
  });
  const { cluster, server } = simulation;
  const second = (at: number): number => Math.floor((at + clockOffsetMs) / 1000) * 1000;
  const before = second(Date.now());
  const [answer] = (await once(get(`${server.url}/readyz`, { ca: server.ca }), "response")) as [IncomingMessage];
  answer.resume();
  const date = Date.parse(answer.headers.date ?? "");
  expect(date).toBeGreaterThanOrEqual(before);
  expect(date).toBeLessThanOrEqual(second(Date.now()));
  const leases = cluster.list(LEASES, { namespace: "kube-node-lease" }).items;
  expect(leases).toHaveLength(3);
  for (const { spec } of leases) {
    const { renewTime } = spec as { renewTime: string };
    expect(Date.parse(renewTime)).toBeLessThanOrEqual(Date.now() + clockOffsetMs);
  }
});
