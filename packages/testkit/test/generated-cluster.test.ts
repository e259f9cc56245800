import { DEFAULT_RESOURCES, DEPLOYMENTS, NODES, PERSISTENT_VOLUME_CLAIMS, PODS } from "@krm/core";
import { describe, expect, it } from "vitest";
import {
  Churn,
  generateCluster,
  generateClusterInTurns,
  type JsonObject,
  ManualClock,
  REPLICA_SETS,
  SimCluster,
  type SimObject,
} from "@krm/testkit";

function generated(pods: number, seed = 1): { clock: ManualClock; cluster: SimCluster } {
  const clock = new ManualClock();
  const cluster = new SimCluster({ clock });
  generateCluster(cluster, { pods, seed });
  return { clock, cluster };
}

const whole = (cluster: SimCluster): string =>
  JSON.stringify(cluster.resources.map((resource) => cluster.list(resource).items));
const phase = (pod: SimObject): unknown => (pod["status"] as JsonObject)["phase"];
const replicas = (deployment: SimObject): unknown => (deployment["spec"] as JsonObject)["replicas"];

describe("generateCluster", () => {
  const { cluster } = generated(400);

  it("makes exactly so many pods, and some of each kind", () => {
    expect(cluster.list(PODS).items).toHaveLength(400);
    for (const resource of DEFAULT_RESOURCES) expect(cluster.list(resource).items.length).toBeGreaterThan(2);
  });

  it("makes the same in turns", async () => {
    const other = new SimCluster({ clock: new ManualClock() });
    await generateClusterInTurns(other, { pods: 400, seed: 1 });
    expect(whole(other)).toBe(whole(cluster));
  });

  it("makes pods of a realistic size", () => {
    const sizes = cluster.list(PODS).items.map((pod) => JSON.stringify(pod).length);
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    expect(mean).toBeGreaterThan(5000);
    expect(mean).toBeLessThan(11_500);
  });

  it("gives pods owners, nodes that exist, and addresses of their own", () => {
    const uids = new Set(cluster.list(REPLICA_SETS).items.map(({ metadata }) => metadata.uid));
    const nodes = new Set(cluster.list(NODES).items.map(({ metadata }) => metadata.name));
    for (const pod of cluster.list(PODS).items) {
      expect(uids.has((pod.metadata.ownerReferences as { uid: string }[])[0]?.uid ?? "")).toBe(true);
      const { nodeName } = pod["spec"] as { nodeName?: string };
      expect(phase(pod) === "Pending" ? nodeName === undefined : nodes.has(nodeName ?? "")).toBe(true);
    }
  });

  it("makes selectors worth asking", () => {
    const pods = cluster.list(PODS).items;
    const values = (label: string): Set<string | undefined> =>
      new Set(pods.map(({ metadata }) => metadata.labels?.[label]));
    for (const label of ["app", "team", "tier", "topology.kubernetes.io/zone"])
      expect(values(label).size).toBeGreaterThan(2);
    expect(new Set(pods.map(phase))).toEqual(new Set(["Pending", "Running", "Succeeded"]));
    const applied = "kubectl.kubernetes.io/last-applied-configuration";
    const deployments = cluster.list(DEPLOYMENTS).items;
    const some = deployments.filter(({ metadata }) => metadata.annotations?.[applied] !== undefined);
    expect(some.length).toBeGreaterThan(0);
    expect(some.length).toBeLessThan(deployments.length);
  });

  it("is the same from the same seed, to the byte", () => {
    expect(whole(generated(60).cluster)).toBe(whole(generated(60).cluster));
    expect(whole(generated(60, 2).cluster)).not.toBe(whole(generated(60).cluster));
  });
});

describe("Churn", { timeout: 60_000 }, () => {
  async function churned(
    seed: number,
    seconds: number,
  ): Promise<{ cluster: SimCluster; clock: ManualClock; churn: Churn; started: bigint; stop: () => Promise<void> }> {
    const { clock, cluster } = generated(120);
    const started = BigInt(cluster.version);
    const churn = new Churn({ cluster, seed, eventsPerSecond: 20, quietAfter: seconds * 1000 });
    const controller = new AbortController();
    const running = churn.run({ signal: controller.signal });
    await clock.advance(seconds * 1000);
    const stop = async (): Promise<void> => {
      controller.abort();
      await running;
      churn[Symbol.dispose]();
    };
    return { cluster, clock, churn, started, stop };
  }

  it("changes all six kinds, at about the rate it was given, and then is quiet", async () => {
    const { cluster, clock, churn, started, stop } = await churned(7, 200);
    const commits = Number(BigInt(cluster.version) - started);
    expect(commits).toBeGreaterThan(200 * 18);
    expect(commits).toBeLessThan(200 * 23);
    for (const resource of DEFAULT_RESOURCES) {
      expect(cluster.eventsAfter(resource, String(started)).length).toBeGreaterThan(0);
    }
    const kinds = new Set(cluster.eventsAfter(PODS, String(started)).map(({ type }) => type));
    expect(kinds).toEqual(new Set(["ADDED", "MODIFIED", "DELETED"]));
    await clock.advance(120_000);
    expect([churn.quiet, churn.pending]).toEqual([true, 0]);
    const version = cluster.version;
    await clock.advance(600_000);
    expect(cluster.version).toBe(version);
    await stop();
    for (const deployment of cluster.list(DEPLOYMENTS).items) {
      expect((deployment["status"] as JsonObject)["updatedReplicas"]).toBe(replicas(deployment));
      expect((deployment["status"] as JsonObject)["observedGeneration"]).toBe(deployment.metadata.generation);
    }
    expect(cluster.list(PODS).items.filter((pod) => pod.metadata.deletionTimestamp !== undefined)).toEqual([]);
    expect(cluster.list(PERSISTENT_VOLUME_CLAIMS).items.every((claim) => phase(claim) === "Bound")).toBe(true);
  });

  it("keeps the cluster at about its size", async () => {
    const { cluster, stop } = await churned(3, 300);
    await stop();
    const count = cluster.list(PODS).items.length;
    expect(count).toBeGreaterThan(60);
    expect(count).toBeLessThan(240);
  });

  it("makes the same history from the same seed", async () => {
    const one = await churned(5, 60);
    const two = await churned(5, 60);
    const other = await churned(6, 60);
    await Promise.all([one.stop(), two.stop(), other.stop()]);
    expect(whole(one.cluster)).toBe(whole(two.cluster));
    expect(whole(other.cluster)).not.toBe(whole(one.cluster));
  });

  it("lets pods end gracefully: marked, then ended, then moved back and gone", async () => {
    const { cluster, clock, stop } = await churned(7, 1);
    const pod = cluster
      .list(PODS)
      .items.find((each) => phase(each) === "Running" && each.metadata.deletionTimestamp === undefined) as SimObject;
    const before = cluster.version;
    cluster.delete(PODS, pod.metadata.namespace, pod.metadata.name);
    await clock.advance(10_000);
    await stop();
    const life = cluster.eventsAfter(PODS, before).filter(({ object }) => object.metadata.uid === pod.metadata.uid);
    expect(life.map(({ type }) => type)).toEqual(["MODIFIED", "MODIFIED", "MODIFIED", "DELETED"]);
    const times = life.map(({ object }) => Date.parse(object.metadata.deletionTimestamp as string));
    expect(times[0]).toBe(times[1]);
    expect(times[2]).toBeLessThan(times[1] as number);
  });

  it("reacts to what others do without starting anything itself", async () => {
    const { clock, cluster } = generated(20);
    using churn = new Churn({ cluster, eventsPerSecond: 0 });
    const controller = new AbortController();
    const running = churn.run({ signal: controller.signal });
    await clock.advance(60_000);
    const calm = cluster.version;
    await clock.advance(600_000);
    expect(cluster.version).toBe(calm);

    cluster.create(PODS, { metadata: { name: "mine" }, spec: { containers: [{ name: "c", image: "c:1" }] } });
    cluster.create(DEPLOYMENTS, {
      metadata: { name: "web" },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: "w" } },
        template: { metadata: { labels: { app: "w" } }, spec: { containers: [{ name: "c", image: "c:1" }] } },
      },
    });
    await clock.advance(60_000);
    expect(phase(cluster.get(PODS, "default", "mine") as SimObject)).toBe("Running");
    expect(cluster.get(DEPLOYMENTS, "default", "web")?.["status"]).toMatchObject({
      readyReplicas: 3,
      updatedReplicas: 3,
    });

    cluster.delete(DEPLOYMENTS, "default", "web");
    await clock.advance(60_000);
    expect(cluster.list(PODS, { namespace: "default" }).items.map(({ metadata }) => metadata.name)).toEqual(["mine"]);
    expect(cluster.list(REPLICA_SETS, { namespace: "default" }).items).toEqual([]);
    controller.abort();
    await running;
  });

  it("rolls out within its bounds: never fewer than three quarters ready", () => {
    const { cluster } = generated(0);
    using churn = new Churn({ cluster, eventsPerSecond: 0 });
    const template = (image: string): JsonObject => ({
      metadata: { labels: { app: "w" } },
      spec: { containers: [{ name: "c", image }] },
    });
    cluster.create(DEPLOYMENTS, {
      metadata: { name: "web" },
      spec: { replicas: 8, selector: { matchLabels: { app: "w" } }, template: template("c:1") },
    });
    churn.settle();
    const ready = (): number =>
      cluster.list(PODS).items.filter((pod) => phase(pod) === "Running" && pod.metadata.deletionTimestamp === undefined)
        .length;
    expect(ready()).toBe(8);
    const counts: number[] = [];
    cluster.subscribe(() => counts.push(ready()));
    cluster.patch(DEPLOYMENTS, "default", "web", { spec: { template: template("c:2") } });
    churn.settle();
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(6);
    expect(Math.max(...counts)).toBeLessThanOrEqual(10);
    const images = cluster
      .list(PODS)
      .items.map((pod) => (pod["spec"] as { containers: { image: string }[] }).containers[0]?.image);
    expect(images).toEqual(Array.from({ length: 8 }, () => "c:2"));
    expect(new Set(cluster.list(REPLICA_SETS).items.map(replicas))).toEqual(new Set([0, 8]));
  });

  it("refuses a rate below nothing", () => {
    const { cluster } = generated(1);
    expect(() => new Churn({ cluster, eventsPerSecond: -1 })).toThrow("eventsPerSecond is -1: give 0 or more");
    expect(() => new Churn({ cluster, quietAfter: Number.NaN })).toThrow("quietAfter is NaN");
  });
});
