import { DEPLOYMENTS, PODS, SERVICES } from "@krm/core";
import { StatusError } from "@krm/apimachinery";
import { beforeEach, describe, expect, it } from "vitest";
import { ManualClock, SimCluster, type SimObject, WIDGETS } from "@krm/testkit";

const STRATEGIC = "application/strategic-merge-patch+json";
const JSON_PATCH = "application/json-patch+json";

let cluster: SimCluster;

beforeEach(() => {
  cluster = new SimCluster({ clock: new ManualClock() });
  cluster.create(DEPLOYMENTS, {
    metadata: { name: "web", labels: { app: "web" }, annotations: { a: "1", b: "2" } },
    spec: {
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: {
          containers: [
            {
              name: "main",
              image: "main:v1",
              env: [
                { name: "A", value: "1" },
                { name: "B", value: "2" },
              ],
            },
            { name: "side", image: "side:v1" },
          ],
        },
      },
    },
  });
});

function containers(deployment: SimObject): { name: string; image: string; env?: { name: string; value: string }[] }[] {
  return (deployment["spec"] as { template: { spec: { containers: never[] } } }).template.spec.containers;
}

const patch = (body: unknown, type?: string): SimObject => cluster.patch(DEPLOYMENTS, "default", "web", body, type);
const template = (spec: unknown): unknown => ({ spec: { template: { spec } } });

describe("merge patch", () => {
  it("merges objects, replaces lists, removes what is null", () => {
    const patched = patch({
      metadata: { annotations: { a: null, c: "3" } },
      ...(template({ containers: [{ name: "only", image: "x:1" }] }) as object),
    });
    expect(patched.metadata.annotations).toEqual({ b: "2", c: "3" });
    expect(containers(patched).map(({ name }) => name)).toEqual(["only"]);
    expect(patched.metadata.generation).toBe(2);
  });

  it("spends no version where nothing changes", () => {
    const before = cluster.version;
    const same = patch({ metadata: { labels: { app: "web" } }, spec: { replicas: 1 } });
    expect(cluster.version).toBe(before);
    expect(same).toBe(cluster.get(DEPLOYMENTS, "default", "web"));
  });

  it("cannot touch what the server owns", () => {
    const before = cluster.get(DEPLOYMENTS, "default", "web") as SimObject;
    patch({
      metadata: { creationTimestamp: "2000-01-01T00:00:00Z", generation: 99, managedFields: [], name: "other" },
      status: { replicas: 9 },
    });
    expect(cluster.get(DEPLOYMENTS, "default", "web")).toBe(before);
  });

  it("conflicts on a stale version or another life", () => {
    const { resourceVersion } = (cluster.get(DEPLOYMENTS, "default", "web") as SimObject).metadata;
    patch({ metadata: { labels: { x: "1" }, resourceVersion } });
    expect(() => patch({ metadata: { labels: { x: "2" }, resourceVersion } })).toThrow("the object has been modified");
    expect(() => patch({ metadata: { uid: "other" } })).toThrow("UID in precondition: other");
  });
});

describe("strategic merge patch", () => {
  it("merges lists by their keys", () => {
    const patched = patch(
      template({ containers: [{ name: "main", image: "main:v2", env: [{ name: "B", value: "3" }] }] }),
      STRATEGIC,
    );
    expect(containers(patched).map(({ image }) => image)).toEqual(["main:v2", "side:v1"]);
    expect(containers(patched)[0]?.env).toEqual([
      { name: "A", value: "1" },
      { name: "B", value: "3" },
    ]);
  });

  it("deletes, replaces and orders elements", () => {
    const deleted = patch(template({ containers: [{ name: "side", $patch: "delete" }] }), STRATEGIC);
    expect(containers(deleted).map(({ name }) => name)).toEqual(["main"]);
    const added = patch(
      template({
        "$setElementOrder/containers": [{ name: "new" }, { name: "main" }],
        containers: [{ name: "new", image: "n:1" }],
      }),
      STRATEGIC,
    );
    expect(containers(added).map(({ name }) => name)).toEqual(["new", "main"]);
    const replaced = patch(
      template({ containers: [{ $patch: "replace" }, { name: "last", image: "l:1" }] }),
      STRATEGIC,
    );
    expect(containers(replaced).map(({ name }) => name)).toEqual(["last"]);
  });

  it("adds to and takes from sets", () => {
    expect(patch({ metadata: { finalizers: ["a/b", "c/d"] } }, STRATEGIC).metadata.finalizers).toEqual(["a/b", "c/d"]);
    expect(patch({ metadata: { finalizers: ["e/f"] } }, STRATEGIC).metadata.finalizers).toEqual(["a/b", "c/d", "e/f"]);
    const taken = patch({ metadata: { "$deleteFromPrimitiveList/finalizers": ["a/b"] } }, STRATEGIC);
    expect(taken.metadata.finalizers).toEqual(["c/d", "e/f"]);
  });

  it("keeps only the keys that it names to be retained", () => {
    const strategy = { $retainKeys: ["type"], type: "Recreate" };
    const patched = patch({ spec: { strategy } }, STRATEGIC);
    expect((patched["spec"] as { strategy: unknown }).strategy).toEqual({ type: "Recreate" });
  });

  it("merges the ports of a service by port", () => {
    cluster.create(SERVICES, {
      metadata: { name: "s" },
      spec: {
        ports: [
          { name: "http", port: 80 },
          { name: "m", port: 90 },
        ],
      },
    });
    const patched = cluster.patch(
      SERVICES,
      "default",
      "s",
      { spec: { ports: [{ port: 80, targetPort: 8080 }] } },
      STRATEGIC,
    );
    expect((patched["spec"] as { ports: unknown }).ports).toEqual([
      { name: "http", protocol: "TCP", port: 80, targetPort: 8080 },
      { name: "m", protocol: "TCP", port: 90, targetPort: 90 },
    ]);
  });

  it("is unknown to custom resources", () => {
    cluster.create(WIDGETS, { metadata: { name: "w" }, spec: {} });
    expect(() => cluster.patch(WIDGETS, "default", "w", {}, STRATEGIC)).toThrow("unknown format");
  });
});

describe("JSON patch", () => {
  it("performs every operation", () => {
    const patched = patch(
      [
        { op: "test", path: "/metadata/labels/app", value: "web" },
        { op: "add", path: "/metadata/labels/example.com~1x", value: "1" },
        { op: "copy", from: "/metadata/labels/app", path: "/metadata/labels/copy" },
        { op: "move", from: "/metadata/annotations/a", path: "/metadata/annotations/z" },
        { op: "replace", path: "/spec/replicas", value: 3 },
        { op: "remove", path: "/spec/template/spec/containers/1" },
        { op: "add", path: "/spec/template/spec/containers/-", value: { name: "end", image: "e:1" } },
      ],
      JSON_PATCH,
    );
    expect(patched.metadata.labels).toEqual({ app: "web", copy: "web", "example.com/x": "1" });
    expect(patched.metadata.annotations).toEqual({ b: "2", z: "1" });
    expect((patched["spec"] as { replicas: number }).replicas).toBe(3);
    expect(containers(patched).map(({ name }) => name)).toEqual(["main", "end"]);
  });

  it.each([
    [{ op: "add" }, "must be a list"],
    [[{ op: "wipe", path: "/spec" }], 'no operation "wipe"'],
    [[{ op: "remove", path: "/spec/nothing" }], '"/spec/nothing" of the JSON patch leads nowhere'],
    [[{ op: "replace", path: "/spec/template/spec/containers/7", value: 1 }], "leads nowhere"],
    [[{ op: "test", path: "/spec/replicas", value: 2 }], "testing path"],
    [[{ op: "remove", path: "spec" }], "not a JSON pointer"],
  ])("refuses %j", (operations, message) => {
    const before = cluster.version;
    expect(() => patch(operations, JSON_PATCH)).toThrow(message);
    expect(() => patch(operations, JSON_PATCH)).toThrow(StatusError);
    expect(cluster.version).toBe(before);
  });
});

it("refuses a patch of another form, and one of what is not there", () => {
  expect(() => patch({}, "application/apply-patch+yaml")).toThrow(
    "accepted media types include: application/json-patch+json",
  );
  expect(() => cluster.patch(PODS, "default", "none", {})).toThrow('pods "none" not found');
});
