import { setTimeout as sleep } from "node:timers/promises";
import { PODS } from "@krm/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import type { Pod } from "./cluster/pod.ts";
import { Deployment } from "./deployment.ts";
import { OWN_REDIS } from "./own-redis.ts";
import { Follower } from "./readers/follower.ts";
import { SteadyReader } from "./readers/steady-reader.ts";
import { say } from "./say.ts";
import { heldRoles } from "./standing.ts";
import { HA } from "./values.ts";
import { unexplained, verifiedAnew } from "./verification.ts";

const ROLES = ["streamer", "verifier", "aggregator"];
const LEASE_SECONDS = 5;

describe("the chart's shape ha, on real containers", () => {
  let krm: Deployment;
  let follower: Follower;
  const monitors = (): readonly Pod[] => krm.cluster.workload("krm-monitor-pods").pods;

  /** Which pod holds a role of pods. */
  const holder = async (role: string): Promise<Pod> =>
    eventually(`somebody holds the ${role}'s role`, 60, async () => {
      for (const pod of monitors()) if ((await heldRoles(pod)).includes(role)) return pod;
      return undefined;
    });

  beforeAll(async () => {
    krm = await Deployment.install(HA, { extra: OWN_REDIS });
    follower = new Follower(krm.client, "pods");
  });
  afterAll(async () => {
    await follower?.[Symbol.asyncDispose]();
    await krm?.[Symbol.asyncDispose]();
  });

  test("each resource has two pods, and each role one that holds it", async () => {
    expect(monitors()).toHaveLength(2);
    await krm.converges();
    for (const role of ROLES) {
      const held = await Promise.all(monitors().map(async (pod) => (await heldRoles(pod)).includes(role)));
      expect(held.filter((holds) => holds)).toHaveLength(1);
    }
    expect(krm.cluster.failures).toEqual([]);
  });

  test("where the machine of a leader is lost, the other pod takes over by lease, and nothing is lost", async () => {
    await using reader = new SteadyReader(krm.client, "pods");
    const leader = await holder("streamer");
    const other = monitors().find((pod) => pod !== leader);
    const lost = performance.now();
    await krm.cluster.workload("krm-monitor-pods").lose(leader);
    await eventually("the other holds all roles", 60, async () => {
      const held = other === undefined ? [] : await heldRoles(other);
      return ROLES.every((role) => held.includes(role)) || undefined;
    });
    const took = (performance.now() - lost) / 1000;
    say(`the other pod held all roles ${took.toFixed(1)} s after its leader was lost; the lease is ${LEASE_SECONDS} s`);
    await krm.converges();
    await krm.heal();
    expect(monitors()).toHaveLength(2);
    expect(reader.errors).toEqual([]);
    expect(krm.cluster.failures).toEqual([]);
  });

  test("a leader that comes round when another has taken over cannot overwrite what that one wrote", async () => {
    const leader = await holder("aggregator");
    const paused = leader.container("aggregator");
    paused.pause();
    await eventually("the other merges", 60, async () => {
      const others = monitors().filter((pod) => pod !== leader);
      for (const pod of others) if ((await heldRoles(pod)).includes("aggregator")) return true;
      return undefined;
    });
    await sleep(1000);
    paused.resume();
    await krm.converges();
    await krm.cluster.ready();
    await krm.converges();
  });

  test("a watch that was open all the while has missed nothing", async () => {
    await krm.watched.keepStill();
    const truth = await krm.watched.truth(PODS);
    await eventually("the follower shows it", 30, async () => follower.differences(truth).length === 0 || undefined);
    expect(follower.errors).toEqual([]);
    // No server was lost: there was no reason to begin anew, which would hide what was not told.
    expect(follower.resets).toEqual(["start"]);
    krm.watched.change();
    expect(unexplained(await verifiedAnew(krm))).toEqual([]);
  });
});
