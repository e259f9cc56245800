import { parseFaults } from "@krm/testkit";
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
