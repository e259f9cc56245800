import { NODES } from "@krm/core";
import { Churn, generateCluster, LEASES, ManualClock, SimApiServer, SimCluster, type SimObject } from "@krm/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AnyJson, type SimAnswer, SimClient } from "./support/sim-client.ts";

const START = Date.UTC(2026, 0, 1);
const NAME = { namespace: "kube-system", name: "krm" } as const;
const collection = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
const one = `${collection}/krm`;
const details = { name: "krm", group: "coordination.k8s.io", kind: "leases" };

const lease = (spec: object = {}, metadata: object = {}): AnyJson => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { ...NAME, ...metadata },
  spec: { holderIdentity: "a", leaseDurationSeconds: 15, renewTime: "2026-01-01T00:00:00.123456Z", ...spec },
});

describe("a lease over HTTP", () => {
  let cluster: SimCluster;
  let server: SimApiServer;
  let client: SimClient;

  const post = (body: unknown): Promise<SimAnswer> => client.call(collection, { method: "POST", body });
  const put = (body: unknown): Promise<SimAnswer> => client.call(one, { method: "PUT", body });
  const patch = (body: unknown): Promise<SimAnswer> =>
    client.call(one, { method: "PATCH", body, headers: { "content-type": "application/merge-patch+json" } });

  beforeEach(async () => {
    cluster = new SimCluster({ clock: new ManualClock({ now: START }) });
    server = new SimApiServer({ cluster });
    await server.listen();
    client = new SimClient(server);
  });
  afterEach(() => server.close());

  it("is created once", async () => {
    const created = await post(lease());
    expect(created).toMatchObject({ status: 201, json: { spec: { renewTime: "2026-01-01T00:00:00.123456Z" } } });
    expect(await post(lease())).toMatchObject({
      status: 409,
      json: { reason: "AlreadyExists", message: 'leases.coordination.k8s.io "krm" already exists', details },
    });
    expect((await client.call(one)).json).toEqual(created.json);
  });

  it("is replaced by who has seen its newest version, and by nobody else", async () => {
    const { json: first } = await post(lease());
    const renewed = { ...first, spec: { ...first.spec, renewTime: "2026-01-01T00:00:10.000001Z" } };
    const second = await put(renewed);
    expect(second).toMatchObject({ status: 200, json: { spec: { renewTime: "2026-01-01T00:00:10.000001Z" } } });
    expect(second.json.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
    const message =
      'Operation cannot be fulfilled on leases.coordination.k8s.io "krm": the object has been modified; please apply your changes to the latest version and try again';
    expect(await put(renewed)).toMatchObject({ status: 409, json: { reason: "Conflict", message, details } });
  });

  it("is not replaced by who names no version", async () => {
    await post(lease());
    const cause = "Invalid value: 0: must be specified for an update";
    expect(await put(lease())).toMatchObject({
      status: 422,
      json: {
        reason: "Invalid",
        message: `leases.coordination.k8s.io "krm" is invalid: metadata.resourceVersion: ${cause}`,
        details: {
          ...details,
          causes: [{ reason: "FieldValueInvalid", message: cause, field: "metadata.resourceVersion" }],
        },
      },
    });
  });

  it("is made by a PUT where there is none, but not in the place of one that is gone", async () => {
    expect(await put(lease({}, { resourceVersion: "7" }))).toMatchObject({ status: 201, json: { kind: "Lease" } });
    const { json: held } = await client.call(one);
    await client.call(one, { method: "DELETE" });
    expect(await put(held)).toMatchObject({ status: 409, json: { reason: "Conflict", details } });
  });

  it("is patched, by version where one is named", async () => {
    const { json: first } = await post(lease());
    const { resourceVersion } = first.metadata;
    const spec = { holderIdentity: "b", renewTime: "2026-01-01T00:00:20.000000Z" };
    expect(await patch({ spec })).toMatchObject({
      status: 200,
      json: { spec: { leaseDurationSeconds: 15, ...spec } },
    });
    expect(await patch({ metadata: { resourceVersion }, spec: { holderIdentity: "c" } })).toMatchObject({
      status: 409,
      json: { reason: "Conflict" },
    });
  });

  it("is not found where there is none", async () => {
    const missing = {
      status: 404,
      json: { reason: "NotFound", message: 'leases.coordination.k8s.io "krm" not found', details },
    };
    expect(await client.call(one)).toMatchObject(missing);
    expect(await patch({ spec: { holderIdentity: "b" } })).toMatchObject(missing);
    expect(await client.call(one, { method: "DELETE" })).toMatchObject(missing);
  });

  it.each([
    ["2026-01-01T00:00:00Z", 'cannot parse "Z" as ".000000"'],
    ["2026-01-01T00:00:00.123Z", 'cannot parse ".123Z" as ".000000"'],
    ["2026-01-01T00:00:00.1234567Z", 'cannot parse "7Z" as "Z07:00"'],
    ["now", 'cannot parse "now" as "2006"'],
  ])("takes times with microseconds only, not %s", async (renewTime, why) => {
    const message = `Lease in version "v1" cannot be handled as a Lease: parsing time "${renewTime}" as "2006-01-02T15:04:05.000000Z07:00": ${why}`;
    expect(await post(lease({ renewTime }))).toMatchObject({ status: 400, json: { reason: "BadRequest", message } });
  });

  it("tells its times in UTC", async () => {
    const { json } = await post(lease({ acquireTime: "2026-01-01T02:30:00.000001+01:30", renewTime: null }));
    expect(json.spec).toEqual({
      holderIdentity: "a",
      leaseDurationSeconds: 15,
      acquireTime: "2026-01-01T01:00:00.000001Z",
    });
  });

  it("is watched by its name", async () => {
    await post(lease({}, { name: "other" }));
    const query = `watch=1&fieldSelector=metadata.name%3Dkrm&resourceVersion=${cluster.version}`;
    const watch = await client.watch(`${collection}?${query}`);
    await post(lease());
    await client.call(`${collection}/other`, { method: "DELETE" });
    await patch({ spec: { renewTime: "2026-01-01T00:00:20.000000Z" } });
    await client.call(one, { method: "DELETE" });
    const told = [await watch.next(), await watch.next(), await watch.next()];
    expect(told.map(({ type, object }) => [type, object.metadata.name, object.spec.renewTime])).toEqual([
      ["ADDED", "krm", "2026-01-01T00:00:00.123456Z"],
      ["MODIFIED", "krm", "2026-01-01T00:00:20.000000Z"],
      ["DELETED", "krm", "2026-01-01T00:00:20.000000Z"],
    ]);
  });
});

describe("the leases of nodes", { timeout: 60_000 }, () => {
  const NODE_LEASES = "kube-node-lease";

  function churned(options: Partial<ConstructorParameters<typeof Churn>[0]> = {}): {
    clock: ManualClock;
    cluster: SimCluster;
    churn: Churn;
    renewals: { name: string; at: number }[];
    stop: () => Promise<void>;
  } {
    const clock = new ManualClock({ now: START });
    const cluster = new SimCluster({ clock });
    generateCluster(cluster, { pods: 20, nodes: 5, seed: 1 });
    const renewals: { name: string; at: number }[] = [];
    cluster.subscribe(({ at, object, type }) => {
      if (object.kind === "Lease" && type !== "DELETED") renewals.push({ name: object.metadata.name, at });
    });
    const churn = new Churn({ cluster, eventsPerSecond: 0, nodeLeases: true, ...options });
    const controller = new AbortController();
    const running = churn.run({ signal: controller.signal });
    const stop = async (): Promise<void> => {
      controller.abort();
      await running;
      churn[Symbol.dispose]();
    };
    return { clock, cluster, churn, renewals, stop };
  }

  it("are there with the nodes, as kubelets write them", () => {
    const cluster = new SimCluster({ clock: new ManualClock({ now: START + 250 }) });
    generateCluster(cluster, { pods: 0, nodes: 3 });
    const nodes = cluster.list(NODES).items;
    const leases = cluster.list(LEASES, { namespace: NODE_LEASES }).items;
    expect(leases.map(({ metadata }) => metadata.name)).toEqual(nodes.map(({ metadata }) => metadata.name));
    for (const [index, { metadata, spec }] of leases.entries()) {
      const { name, uid } = (nodes[index] as SimObject).metadata;
      expect(metadata.ownerReferences).toEqual([{ apiVersion: "v1", kind: "Node", name, uid }]);
      expect(spec).toEqual({
        holderIdentity: name,
        leaseDurationSeconds: 40,
        renewTime: "2026-01-01T00:00:00.250000Z",
      });
    }
  });

  it("are renewed every 10 s, each at its own moment, until it is quiet", async () => {
    const { clock, cluster, churn, renewals, stop } = churned({ quietAfter: 60_000 });
    await clock.advance(120_000);
    expect(renewals).toHaveLength(30);
    const phases = new Map<string, Set<number>>();
    for (const { name, at } of renewals) phases.set(name, (phases.get(name) ?? new Set()).add((at - START) % 10_000));
    expect([...phases.values()].map(({ size }) => size)).toEqual([1, 1, 1, 1, 1]);
    expect(new Set([...phases.values()].flatMap((each) => [...each])).size).toBe(5);
    for (const { metadata, spec } of cluster.list(LEASES).items) {
      const last = renewals.findLast(({ name }) => name === metadata.name)?.at as number;
      expect((spec as AnyJson).renewTime).toBe(`${new Date(last).toISOString().slice(0, -1)}000Z`);
    }
    await clock.advance(60_000);
    expect([churn.quiet, churn.pending]).toEqual([true, 0]);
    await stop();
  });

  it("do not count as changes, and no change is a renewal", async () => {
    const { clock, cluster, renewals, stop } = churned({ eventsPerSecond: 20, seed: 3 });
    const before = BigInt(cluster.version);
    await clock.advance(200_000);
    const commits = Number(BigInt(cluster.version) - before);
    await stop();
    expect(renewals).toHaveLength(5 * 20);
    expect(commits - renewals.length).toBeGreaterThan(200 * 18);
    expect(commits - renewals.length).toBeLessThan(200 * 23);
  });

  it("follow the nodes: they come with them, go with them, and come back when somebody takes them away", async () => {
    const { clock, cluster, stop } = churned();
    const names = (): string[] => cluster.list(LEASES).items.map(({ metadata }) => metadata.name);
    cluster.delete(NODES, undefined, "node-0002");
    cluster.delete(LEASES, NODE_LEASES, "node-0003");
    cluster.create(NODES, { metadata: { name: "fresh" } });
    await clock.advance(0);
    expect(names()).toContain("fresh");
    await clock.advance(10_000);
    expect(names()).toEqual(["fresh", "node-0001", "node-0003", "node-0004", "node-0005"]);
    const before = cluster.version;
    await clock.advance(20_000);
    expect(cluster.eventsAfter(LEASES, before)).toHaveLength(10);
    await stop();
  });

  it("go on after a restore, with the nodes that are there again", async () => {
    const { clock, cluster, renewals, stop } = churned();
    cluster.create(NODES, { metadata: { name: "fresh" } });
    const withFresh = cluster.version;
    cluster.delete(NODES, undefined, "fresh");
    await clock.advance(20_000);
    cluster.restore(withFresh);
    renewals.length = 0;
    await clock.advance(20_000);
    const names = renewals.map(({ name }) => name);
    expect(names.filter((name) => name === "fresh").length).toBeGreaterThan(0);
    expect(new Set(names).size).toBe(6);
    await stop();
  });

  it("are renewed once after a pause, however long it was", async () => {
    const { clock, churn, renewals, stop } = churned();
    await stop();
    await clock.advance(600_000);
    const controller = new AbortController();
    const running = churn.run({ signal: controller.signal });
    await clock.advance(9_999);
    expect(renewals).toHaveLength(5);
    await clock.advance(1);
    expect(renewals).toHaveLength(10);
    controller.abort();
    await running;
  });

  it("are the only ones that churn writes", async () => {
    const { clock, cluster, stop } = churned({ eventsPerSecond: 50, nodeLeases: false });
    const mine = cluster.create(LEASES, lease());
    await clock.advance(120_000);
    await stop();
    expect(cluster.get(LEASES, NAME.namespace, NAME.name)).toBe(mine);
    expect(cluster.eventsAfter(LEASES, mine.metadata.resourceVersion).length).toBeGreaterThan(50);
  });
});
