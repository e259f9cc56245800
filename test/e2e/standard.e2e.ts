import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { PODS, resourceName } from "@krm/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import type { Container } from "./cluster/container.ts";
import { Deployment, SETTINGS, WATCHED } from "./deployment.ts";
import { delaysInInfluxDb } from "./influxdb.ts";
import { krmStatus } from "./krm-status.ts";
import { Follower } from "./readers/follower.ts";
import { SteadyReader } from "./readers/steady-reader.ts";
import { say } from "./say.ts";
import { STANDARD } from "./values.ts";
import { unexplained, verifiedAnew } from "./verification.ts";

const run = promisify(execFile);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

describe("the chart's shape standard, on real containers", () => {
  let krm: Deployment;
  let follower: Follower;
  const containers = (workload: string): readonly Container[] =>
    krm.cluster.workload(workload).pods.flatMap((pod) => pod.containers);
  const monitors = (): readonly Container[] =>
    ["krm-monitor-pods", "krm-monitor-deployments", "krm-monitor-nodes"].flatMap(containers);

  /** Keeps the cluster still until the watch has told all of it; then it goes on. */
  const catchUp = async (): Promise<void> => {
    await krm.watched.keepStill();
    const truth = await krm.watched.truth(PODS);
    await eventually("the follower shows it", 30, async () => follower.differences(truth).length === 0 || undefined);
    krm.watched.change();
  };

  /** Kills containers, and waits until they are ready again and readers see the cluster as it is, the open watch too. */
  const kill = async (victims: readonly Container[], awayMs = 0): Promise<void> => {
    const before = follower.resets.length;
    for (const victim of victims) victim.kill(awayMs);
    const started = performance.now();
    await sleep(1000 + awayMs);
    await krm.cluster.ready();
    const ready = seconds(performance.now() - started);
    const right = seconds(1000 * (await krm.converges()));
    await catchUp();
    // To begin anew hides what was not told. Only where a server is lost may it be: another one need not know what
    // followed the last version that was told.
    const mayBegin = victims.some(({ spec }) => spec.name === "server");
    expect(follower.resets.slice(before)).toBeOneOf(mayBegin ? [[], ["expired"]] : [[]]);
    const names = victims.map(({ name }) => name).join(", ");
    say(`killed ${names}: ready after ${ready}, readers saw the cluster as it is ${right} after it kept still`);
  };

  beforeAll(async () => {
    krm = await Deployment.install(STANDARD);
    follower = new Follower(krm.client, "pods");
  });
  afterAll(async () => {
    await follower?.[Symbol.asyncDispose]();
    await krm?.[Symbol.asyncDispose]();
  });

  test("a monitor pod for each resource has streamer, verifier and aggregator", () => {
    expect(monitors().map(({ spec }) => spec.name)).toEqual(
      WATCHED.flatMap(() => ["streamer", "verifier", "aggregator"]),
    );
    expect(containers("krm-server")).toHaveLength(2);
    expect(krm.cluster.failures).toEqual([]);
  });

  test("the client and kubectl read what the cluster holds", async () => {
    await krm.converges();
    await krm.watched.keepStill();
    const truth = await krm.watched.truth(PODS);
    const { items } = await krm.client.getPods();
    expect(items).toHaveLength(truth.size);
    const args = ["--kubeconfig", krm.kubeconfig, "get", "pods", "--all-namespaces", "--output", "name"];
    const { stdout } = await run(SETTINGS.kubectl, args, { env: { ...process.env, HOME: SETTINGS.folder } });
    const names = [...truth.keys()].map((key) => `pod/${key.split("/")[1]}`);
    expect(stdout.trim().split("\n").toSorted()).toEqual(names.toSorted());
    krm.watched.change();
  });

  test("nobody reads without a token, or with one that was issued for something else", async () => {
    const status = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await fetch(`${krm.url}/pods`, { headers })).status;
    expect(await status({})).toBe(401);
    const other = krm.cluster.account("other", "something-else", [
      { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
    ]);
    expect(await status({ authorization: `Bearer ${other}` })).toBe(401);
    const powerless = krm.cluster.account("powerless", "krm", []);
    expect(await status({ authorization: `Bearer ${powerless}` })).toBe(403);
  });

  test("a restart costs the API server no list, whoever is restarted", async () => {
    await krm.converges();
    // Of the streamers' processes. Verifications list too, on their own time.
    const lists = async (): Promise<readonly (number | undefined)[]> => {
      const { scopes } = await krm.status();
      return scopes.map(({ streamer }) => streamer?.lists);
    };
    const role = (name: string): readonly Container[] => monitors().filter(({ spec }) => spec.name === name);
    expect(await lists()).toEqual([1, 1, 1]);
    await kill([...containers("krm-server").slice(0, 1), ...role("aggregator")]);
    expect(await lists()).toEqual([1, 1, 1]);
    // New ones go on with the watch from where the old ones were.
    await kill(role("streamer"));
    await eventually("the new streamers report", 30, async () => {
      const { scopes } = await krm.status();
      return scopes.every(({ streamer }) => streamer?.phase === "watching" && streamer.lists === 0) || undefined;
    });
  });

  test("each container that is killed comes back, and readers see the cluster as it is, with nothing lost", async () => {
    // One role of each resource at a time, so that in three rounds all nine are killed.
    const roles = ["streamer", "verifier", "aggregator"];
    for (let round = 0; round < roles.length; round++) {
      const victims = ["pods", "deployments", "nodes"].map((resource, i) =>
        krm.cluster.workload(`krm-monitor-${resource}`).pods[0]?.container(roles[(round + i) % 3] ?? ""),
      );
      await kill(victims.filter((victim) => victim !== undefined));
    }
    for (const workload of ["krm-server", "krm-collector", "krm-redis", "krm-influxdb"]) {
      await kill(containers(workload));
    }
    expect(krm.cluster.failures).toEqual([]);
  });

  test("Redis may be away for longer than leases last", async () => {
    await kill(containers("krm-redis"), 15_000);
    await krm.cluster.well();
    expect(krm.cluster.failures).toEqual([]);
  });

  test("a watch that was open all the while has missed nothing", async () => {
    await catchUp();
    expect(follower.errors).toEqual([]);
    say(`the watch was broken ${follower.retries} times, and began anew: ${follower.resets.join(", ")}`);
  });

  test("verification finds nothing that the watch had missed without a reason", async () => {
    const verified = await verifiedAnew(krm);
    expect(verified.scopes.map(({ name }) => name).toSorted()).toEqual(WATCHED.map(resourceName).toSorted());
    expect(unexplained(verified)).toEqual([]);
    expect(await krmStatus(krm)).toMatch(/^pods +synced/m);
  });

  test("a rolling update goes by without an error for readers", async () => {
    const before = krm.cluster.pods.map(({ name }) => name);
    await using client = new SteadyReader(krm.client, "pods");
    await krm.rollOver();
    await krm.converges();
    const after = krm.cluster.pods.map(({ name }) => name);
    // The stores are as they were; everything of KRM's own is new.
    expect(after.filter((name) => before.includes(name)).toSorted()).toEqual(["krm-influxdb-0", "krm-redis-0"]);
    expect(client.errors).toEqual([]);
    expect(client.answers).toBeGreaterThan(10);
    expect(krm.cluster.failures).toEqual([]);
    expect(unexplained(await verifiedAnew(krm))).toEqual([]);
  });

  test("InfluxDB has the delays of each resource", async () => {
    const delays = await eventually("delays of pods and deployments", 60, async () => {
      const counts = await delaysInInfluxDb(krm);
      return counts.has("pods") && counts.has("deployments") ? counts : undefined;
    });
    expect(delays.get("pods")).toBeGreaterThan(0);
  });
});
