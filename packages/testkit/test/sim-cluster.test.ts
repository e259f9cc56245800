import { StatusError } from "@krm/apimachinery";
import { DEPLOYMENTS, NODES, PERSISTENT_VOLUME_CLAIMS, PODS, SERVICES } from "@krm/core";
import { beforeEach, describe, expect, it } from "vitest";
import {
  type ClusterEvent,
  CONFIG_MAPS,
  type JsonObject,
  ManualClock,
  NAMESPACES,
  SeededRandom,
  SimCluster,
  type SimObject,
  WIDGETS,
} from "@krm/testkit";

const FIRST = "9007199254740993";

let clock: ManualClock;
let cluster: SimCluster;

beforeEach(() => {
  clock = new ManualClock({ now: Date.UTC(2026, 0, 1) });
  cluster = new SimCluster({ clock, firstVersion: FIRST });
});

const pod = (name: string, spec: JsonObject = {}): JsonObject => ({
  metadata: { name },
  spec: { containers: [{ name: "c", image: "c:1" }], ...spec },
});

const told = (events: readonly ClusterEvent[]): string[] =>
  events.map(({ type, object }) => `${type} ${object.metadata.name}`);

function refusal(act: () => unknown): { code: number; reason: string | undefined; message: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof StatusError) {
      const { code, reason, message = "" } = error.status;
      return { code, reason, message };
    }
    throw error;
  }
  throw new Error("was not refused");
}

describe("versions", () => {
  it("count every write to any resource, above 2^53 too", () => {
    expect(cluster.list(NAMESPACES).items[0]?.metadata.resourceVersion).toBe(FIRST);
    expect(cluster.version).toBe("9007199254740996");
    cluster.create(PODS, pod("a"));
    const service = cluster.create(SERVICES, { metadata: { name: "s" }, spec: { ports: [{ port: 80 }] } });
    expect(service.metadata.resourceVersion).toBe("9007199254740998");
    expect(cluster.version).toBe("9007199254740998");
  });

  it("are not spent by a write that is refused", () => {
    cluster.create(PODS, pod("a"));
    const before = cluster.version;
    expect(refusal(() => cluster.create(PODS, pod("a")))).toMatchObject({ code: 409, reason: "AlreadyExists" });
    expect(cluster.version).toBe(before);
  });
});

describe("creation", () => {
  it("freezes what it stores, and keeps apart from what was sent", () => {
    const sent = pod("a", { nodeName: "n" });
    const stored = cluster.create(PODS, sent);
    ((sent["spec"] as JsonObject)["containers"] as JsonObject[])[0]!["image"] = "changed";
    expect((stored["spec"] as { containers: JsonObject[] }).containers[0]?.["image"]).toBe("c:1");
    expect(() => Object.assign(stored.metadata, { name: "b" })).toThrow(TypeError);
    expect(() => ((stored["spec"] as { containers: JsonObject[] }).containers[0]!["image"] = "x")).toThrow(TypeError);
  });

  it("makes names out of generateName, and the same ones from the same seed", () => {
    const name = (seed: number): string => {
      const other = new SimCluster({ clock, seed });
      return other.create(PODS, { ...pod(""), metadata: { generateName: "web-" } }).metadata.name;
    };
    expect(name(1)).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(name(1)).toBe(name(1));
    expect(name(2)).not.toBe(name(1));
  });

  it.each([
    [
      "a malformed name",
      { metadata: { name: "Not_A_Name" } },
      422,
      'Invalid value: "Not_A_Name": a lowercase RFC 1123',
    ],
    ["no name", { metadata: {} }, 422, "name or generateName is required"],
    ["another kind", { kind: "Service", apiVersion: "v1", metadata: { name: "a" } }, 400, "cannot be handled as a Pod"],
    ["a version", { metadata: { name: "a", resourceVersion: "1" } }, 400, "resourceVersion should not be set"],
    [
      "a namespace that is not there",
      { metadata: { name: "a", namespace: "nowhere" } },
      404,
      'namespaces "nowhere" not found',
    ],
  ])("refuses %s", (_, object, code, message) => {
    const refused = refusal(() => cluster.create(PODS, object));
    expect(refused.code).toBe(code);
    expect(refused.message).toContain(message);
  });

  it("refuses a namespace other than the path's", () => {
    const object = { ...pod("a"), metadata: { name: "a", namespace: "default" } };
    expect(refusal(() => cluster.create(PODS, object, { namespace: "kube-system" })).code).toBe(400);
  });

  it("writes custom resources with sorted members", () => {
    const widget = cluster.create(WIDGETS, { metadata: { name: "w" }, spec: { z: 1, a: { y: 1, b: 2 } } });
    expect(Object.keys(widget)).toEqual(["apiVersion", "kind", "metadata", "spec"]);
    expect(JSON.stringify(widget["spec"])).toBe('{"a":{"b":2,"y":1},"z":1}');
    expect(Object.keys(widget.metadata)).toEqual(Object.keys(widget.metadata).toSorted());
  });

  it("derives the quality of service", () => {
    const resources = (limits: JsonObject, requests?: JsonObject): JsonObject => ({
      containers: [{ name: "c", image: "c:1", resources: { limits, ...(requests === undefined ? {} : { requests }) } }],
    });
    const all = { cpu: "1", memory: "1Gi" };
    const classOf = (name: string, spec: JsonObject): unknown =>
      (cluster.create(PODS, pod(name, spec))["status"] as JsonObject)["qosClass"];
    expect(classOf("a", {})).toBe("BestEffort");
    expect(classOf("b", resources(all))).toBe("Guaranteed");
    expect(classOf("c", resources(all, { cpu: "500m" }))).toBe("Burstable");
  });
});

describe("update", () => {
  it("counts changes of the specification, not of metadata or status", () => {
    cluster.create(DEPLOYMENTS, { metadata: { name: "d" }, spec: { template: { spec: { containers: [] } } } });
    const generation = (): number | undefined => cluster.get(DEPLOYMENTS, "default", "d")?.metadata.generation;
    cluster.patch(DEPLOYMENTS, "default", "d", { metadata: { labels: { a: "1" } } });
    cluster.patch(DEPLOYMENTS, "default", "d", { status: { replicas: 1 } }, undefined, { subresource: "status" });
    expect(generation()).toBe(1);
    cluster.patch(DEPLOYMENTS, "default", "d", { spec: { replicas: 2 } });
    expect(generation()).toBe(2);
  });

  it("keeps status and specification apart", () => {
    const created = cluster.create(PODS, pod("a"));
    const changed = { ...created, metadata: { ...created.metadata, labels: { x: "1" } }, status: { phase: "Running" } };
    const updated = cluster.update(PODS, "default", "a", changed);
    expect([updated.metadata.labels, updated["status"]]).toEqual([{ x: "1" }, created["status"]]);
    const status = cluster.update(
      PODS,
      "default",
      "a",
      { ...updated, spec: {}, status: { phase: "Running" } },
      { subresource: "status" },
    );
    expect(status["spec"]).toBe(updated["spec"]);
    expect(status["status"]).toEqual({ phase: "Running", qosClass: "BestEffort" });
  });

  it("conflicts on a stale version, and takes one without a version", () => {
    const created = cluster.create(CONFIG_MAPS, { metadata: { name: "m" }, data: { a: "1" } });
    cluster.update(CONFIG_MAPS, "default", "m", { metadata: { name: "m" }, data: { a: "2" } });
    expect(refusal(() => cluster.update(CONFIG_MAPS, "default", "m", { ...created, data: { a: "3" } }))).toMatchObject({
      code: 409,
      reason: "Conflict",
    });
  });

  it("shares what did not change with the version before", () => {
    const before = cluster.create(PODS, pod("a"));
    const after = cluster.patch(PODS, "default", "a", { metadata: { labels: { x: "1" } } });
    expect(after["spec"]).toBe(before["spec"]);
  });

  it("moves changed fields to the writer, and forgets those of removed ones", () => {
    cluster.create(CONFIG_MAPS, { metadata: { name: "m" }, data: { a: "1", b: "1" } }, { manager: "first" });
    const owners = (object: SimObject): unknown =>
      Object.fromEntries(
        (object.metadata.managedFields as { manager: string; fieldsV1: { "f:data": JsonObject } }[]).map((entry) => [
          entry.manager,
          Object.keys(entry.fieldsV1["f:data"]),
        ]),
      );
    const second = { manager: "second" };
    expect(owners(cluster.patch(CONFIG_MAPS, "default", "m", { data: { a: "2" } }, undefined, second))).toEqual({
      first: [".", "f:b"],
      second: ["f:a"],
    });
    expect(
      owners(cluster.patch(CONFIG_MAPS, "default", "m", { data: { a: null, b: "3" } }, undefined, second)),
    ).toEqual({
      first: ["."],
      second: ["f:b"],
    });
  });

  it("tells the time of the newest change in managedFields", async () => {
    cluster.create(CONFIG_MAPS, { metadata: { name: "m" }, data: { a: "1" } });
    await clock.advance(61_000);
    const { metadata } = cluster.patch(CONFIG_MAPS, "default", "m", { data: { a: "2" } });
    expect((metadata.managedFields as { time: string }[]).map(({ time }) => time)).toEqual(["2026-01-01T00:01:01Z"]);
    expect(metadata.creationTimestamp).toBe("2026-01-01T00:00:00Z");
  });
});

describe("deletion", () => {
  it("lets a pod on a node end gracefully, and only shortens that", async () => {
    cluster.create(PODS, pod("a", { nodeName: "n", terminationGracePeriodSeconds: 60 }));
    const { object, gone } = cluster.delete(PODS, "default", "a");
    expect(gone).toBe(false);
    expect(object.metadata).toMatchObject({
      generation: 2,
      deletionTimestamp: "2026-01-01T00:01:00Z",
      deletionGracePeriodSeconds: 60,
    });
    const version = cluster.version;
    expect(cluster.delete(PODS, "default", "a").gone).toBe(false);
    expect(cluster.delete(PODS, "default", "a", { gracePeriodSeconds: 90 }).gone).toBe(false);
    expect(cluster.version).toBe(version);
    await clock.advance(2000);
    const shorter = cluster.delete(PODS, "default", "a", { gracePeriodSeconds: 10 });
    expect(shorter.object.metadata.deletionTimestamp).toBe("2026-01-01T00:00:10Z");
    const ended = cluster.delete(PODS, "default", "a", { gracePeriodSeconds: 0 });
    expect(ended.gone).toBe(true);
    expect(ended.object.metadata.deletionTimestamp).toBe("2026-01-01T00:00:02Z");
    expect(cluster.get(PODS, "default", "a")).toBeUndefined();
    expect(told(cluster.eventsAfter(PODS, version))).toEqual(["MODIFIED a", "MODIFIED a", "DELETED a"]);
  });

  it("ends at once what runs nowhere, is done, or has no grace", () => {
    cluster.create(PODS, pod("unbound"));
    expect(cluster.delete(PODS, "default", "unbound").gone).toBe(true);
    cluster.create(PODS, pod("done", { nodeName: "n" }));
    cluster.patch(PODS, "default", "done", { status: { phase: "Succeeded" } }, undefined, { subresource: "status" });
    expect(cluster.delete(PODS, "default", "done").gone).toBe(true);
    const service = cluster.create(SERVICES, { metadata: { name: "s" }, spec: { ports: [{ port: 1 }] } });
    const { object } = cluster.delete(SERVICES, "default", "s");
    expect(object.metadata.deletionTimestamp).toBeUndefined();
    expect(object.metadata.resourceVersion).toBe(cluster.version);
    expect(object.metadata.uid).toBe(service.metadata.uid);
  });

  it("waits for finalizers, and tells the last state with them", () => {
    const claim = cluster.create(PERSISTENT_VOLUME_CLAIMS, {
      metadata: { name: "c", finalizers: ["x.example/y"] },
      spec: {},
    });
    expect(claim.metadata.finalizers).toEqual(["x.example/y", "kubernetes.io/pvc-protection"]);
    expect(cluster.delete(PERSISTENT_VOLUME_CLAIMS, "default", "c").gone).toBe(false);
    cluster.patch(PERSISTENT_VOLUME_CLAIMS, "default", "c", { metadata: { finalizers: ["x.example/y"] } });
    expect(cluster.get(PERSISTENT_VOLUME_CLAIMS, "default", "c")?.metadata.finalizers).toEqual(["x.example/y"]);
    const version = cluster.version;
    cluster.patch(PERSISTENT_VOLUME_CLAIMS, "default", "c", { metadata: { finalizers: null } });
    const [deleted] = cluster.eventsAfter(PERSISTENT_VOLUME_CLAIMS, version);
    expect(deleted).toMatchObject({ type: "DELETED", object: { metadata: { finalizers: ["x.example/y"] } } });
    expect(cluster.get(PERSISTENT_VOLUME_CLAIMS, "default", "c")).toBeUndefined();
  });

  it("heeds preconditions", () => {
    cluster.create(PODS, pod("a"));
    const refused = refusal(() => cluster.delete(PODS, "default", "a", { preconditions: { uid: "other" } }));
    expect(refused).toMatchObject({ code: 409, reason: "Conflict" });
    expect(refused.message).toContain("UID in precondition: other");
    expect(cluster.get(PODS, "default", "a")).toBeDefined();
  });

  it("takes all that is in a namespace along", () => {
    cluster.create(NAMESPACES, { metadata: { name: "team" } });
    cluster.create(PODS, { ...pod("a", { nodeName: "n" }), metadata: { name: "a", namespace: "team" } });
    cluster.create(PODS, pod("stays"));
    const version = cluster.version;
    expect(cluster.delete(NAMESPACES, undefined, "team").gone).toBe(true);
    expect(told(cluster.eventsAfter(NAMESPACES, version))).toEqual(["MODIFIED team", "DELETED team"]);
    expect(cluster.list(PODS).items.map(({ metadata }) => metadata.name)).toEqual(["stays"]);
  });

  it("gives a re-created object another uid", () => {
    const first = cluster.create(PODS, pod("a"));
    cluster.delete(PODS, "default", "a");
    expect(cluster.create(PODS, pod("a")).metadata.uid).not.toBe(first.metadata.uid);
  });
});

describe("binding", () => {
  it("puts a pod on a node with its labels, without a new generation", () => {
    cluster.create(NODES, { metadata: { name: "n", labels: { "topology.kubernetes.io/zone": "z1" } } });
    cluster.create(PODS, pod("a"));
    const bound = cluster.bind("default", "a", "n");
    expect(bound.metadata).toMatchObject({ generation: 1, labels: { "topology.kubernetes.io/zone": "z1" } });
    expect((bound["spec"] as JsonObject)["nodeName"]).toBe("n");
    expect((bound["status"] as { conditions: JsonObject[] }).conditions).toMatchObject([
      { type: "PodScheduled", status: "True" },
    ]);
  });
});

describe("history", () => {
  /** Random writes to two resources; the states of pods as they should be, by version. */
  function live(seed: number): Map<string, SimObject[]> {
    const random = new SeededRandom(seed);
    const states = new Map<string, SimObject[]>();
    const now = new Map<string, SimObject>();
    cluster.subscribe(({ resource, type, resourceVersion, object }) => {
      if (resource.resource === "pods") {
        if (type === "DELETED") now.delete(object.metadata.name);
        else now.set(object.metadata.name, object);
      }
      states.set(
        resourceVersion,
        [...now.values()].toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)),
      );
    });
    for (let step = 0; step < 300; step++) {
      const name = `p-${random.integer(0, 12)}`;
      if (cluster.get(PODS, "default", name) === undefined) cluster.create(PODS, pod(name));
      else if (random.chance(0.4)) cluster.delete(PODS, "default", name);
      else cluster.patch(PODS, "default", name, { metadata: { labels: { step: `${step}` } } });
      if (random.chance(0.2)) cluster.create(CONFIG_MAPS, { metadata: { generateName: "m-" } });
    }
    return states;
  }

  it.each([1, 2, 3])("lists every past version as it was (seed %i)", (seed) => {
    for (const [version, items] of live(seed)) expect(cluster.list(PODS, { at: version }).items).toEqual(items);
  });

  it.each([4, 5, 6])("keeps what compaction must keep (seed %i)", (seed) => {
    const states = live(seed);
    const versions = [...states.keys()];
    const middle = versions[150] as string;
    const before = cluster.eventCount;
    cluster.compact(middle);
    expect(cluster.compacted).toBe(middle);
    expect(cluster.eventCount).toBeLessThan(before);
    for (const version of versions.slice(150)) {
      expect(cluster.list(PODS, { at: version }).items).toEqual(states.get(version));
    }
    const older = versions[149] as string;
    expect(refusal(() => cluster.list(PODS, { at: older }))).toMatchObject({ code: 410, reason: "Expired" });
    expect(refusal(() => cluster.eventsAfter(PODS, older)).message).toBe(
      `too old resource version: ${older} (${middle})`,
    );
    expect(cluster.eventsAfter(PODS, middle)[0]?.type).toBeDefined();
    cluster.compact();
    expect(cluster.eventCount).toBe(0);
    expect(cluster.list(PODS, { at: cluster.version }).items).toEqual(cluster.list(PODS).items);
  });

  it.each([7, 8, 9])("goes back to a version, and on from there (seed %i)", (seed) => {
    const states = live(seed);
    const versions = [...states.keys()];
    const middle = versions[150] as string;
    const restored: string[] = [];
    cluster.subscribeRestores((version) => restored.push(version));
    cluster.restore(middle);
    expect(restored).toEqual([middle]);
    expect(cluster.version).toBe(middle);
    expect(cluster.list(PODS).items).toEqual(states.get(middle));
    const next = cluster.create(CONFIG_MAPS, { metadata: { name: "after" } });
    expect(next.metadata.resourceVersion).toBe(String(BigInt(middle) + 1n));
    expect(cluster.list(PODS, { at: versions[20] as string }).items).toEqual(states.get(versions[20] as string));
    cluster.compact();
    expect(() => cluster.restore(middle)).toThrow("cannot restore");
  });

  it("refuses versions that lie ahead", () => {
    const ahead = String(BigInt(cluster.version) + 1n);
    expect(refusal(() => cluster.list(PODS, { at: ahead })).code).toBe(504);
    expect(() => cluster.compact(ahead)).toThrow(RangeError);
    expect(() => cluster.restore(ahead)).toThrow(RangeError);
  });

  it("orders lists by namespace and name, byte by byte, and by namespace alone", () => {
    for (const namespace of ["a", "a-b", "a.b"])
      cluster.create(NAMESPACES, { metadata: { name: namespace.replace(".", "0") } });
    for (const namespace of ["a0b", "a", "a-b"]) {
      for (const name of ["y", "x-1", "x"]) cluster.create(PODS, { ...pod(name), metadata: { name, namespace } });
    }
    const keys = (items: readonly SimObject[]): string[] =>
      items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    const all = keys(cluster.list(PODS).items);
    expect(all).toEqual(["a-b/x", "a-b/x-1", "a-b/y", "a/x", "a/x-1", "a/y", "a0b/x", "a0b/x-1", "a0b/y"]);
    expect(keys(cluster.list(PODS, { namespace: "a" }).items)).toEqual(["a/x", "a/x-1", "a/y"]);
    expect(keys(cluster.list(PODS, { namespace: "none" }).items)).toEqual([]);
  });
});

describe("listeners", () => {
  it("are told in order, also what they themselves cause", () => {
    const seen: string[][] = [[], []];
    cluster.subscribe(({ type, object }) => {
      seen[0]?.push(`${type} ${object.metadata.name}`);
      if (object.metadata.name === "first") cluster.create(PODS, pod("second"));
    });
    const stop = cluster.subscribe(({ type, object }) => seen[1]?.push(`${type} ${object.metadata.name}`));
    cluster.create(PODS, pod("first"));
    expect(seen[0]).toEqual(["ADDED first", "ADDED second"]);
    expect(seen[1]).toEqual(seen[0]);
    stop();
    cluster.create(PODS, pod("third"));
    expect(seen[1]).toHaveLength(2);
  });

  it("get the state before, the version and the time of the commit", async () => {
    const events: ClusterEvent[] = [];
    cluster.subscribe((event) => events.push(event));
    const created = cluster.create(PODS, pod("a"));
    await clock.advance(1500);
    const changed = cluster.patch(PODS, "default", "a", { metadata: { labels: { x: "1" } } });
    expect(events[1]).toMatchObject({
      type: "MODIFIED",
      resourceVersion: changed.metadata.resourceVersion,
      at: Date.UTC(2026, 0, 1) + 1500,
    });
    expect(events[1]?.previous).toBe(created);
    expect(events[1]?.object).toBe(changed);
  });
});

it("does not know resources that it was not given", () => {
  const small = new SimCluster({ clock, resources: [] });
  expect(small.find("", "v1", "pods")).toBeUndefined();
  expect(refusal(() => small.list(PODS))).toMatchObject({ code: 404, reason: "NotFound" });
  expect(cluster.find("apps", "v1", "deployments")?.kind).toBe("Deployment");
});
