import { describe, expect, it } from "vitest";
import { columnsOf } from "../src/browser/objects/columns.ts";
import { compileFilter, type Filter, NO_FILTER } from "../src/browser/objects/filter.ts";
import type { KubernetesObject } from "../src/browser/objects/kubernetes-object.ts";
import { RowFollower } from "../src/browser/objects/row-set.ts";
import { rowWindow, scrolledTo } from "../src/browser/objects/row-window.ts";
import { type Row, toRow } from "../src/browser/objects/row.ts";
import { BY_KEY, sortRows } from "../src/browser/objects/sort.ts";

const PODS = columnsOf("v1/pods");

function pod(key: string, more: Partial<KubernetesObject> = {}, version = "1"): KubernetesObject {
  const [name = "", namespace = ""] = key.split("/").toReversed();
  return { ...more, metadata: { name, namespace, resourceVersion: version, ...more.metadata } };
}

function row(key: string, more: Partial<KubernetesObject> = {}): Row {
  return toRow(pod(key, more), PODS, 0);
}

const freshness = {
  state: "synced" as const,
  verifiedAt: undefined,
  verifiedResourceVersion: undefined,
  streamedThrough: undefined,
  lastContact: undefined,
  warnings: [],
};

const shown = (rows: RowFollower): string => [...rows.rows.keys()].join(" ");

describe("rows that follow a watch", () => {
  it("come as they are told, change, and go", () => {
    const rows = new RowFollower(PODS);
    rows.take({ type: "reset", reason: "start" });
    rows.take({ type: "added", object: pod("a/one"), resourceVersion: "5" });
    expect([shown(rows), rows.complete, rows.told, rows.resourceVersion]).toEqual(["a/one", false, 1, undefined]);
    rows.take({ type: "synced", resourceVersion: "9", freshness });
    expect([rows.complete, rows.told, rows.resourceVersion]).toEqual([true, undefined, "9"]);
    rows.take({ type: "modified", object: pod("a/one", { status: { phase: "Failed" } }, "10"), resourceVersion: "10" });
    expect(rows.rows.get("a/one")).toMatchObject({ resourceVersion: "10", changes: 1 });
    rows.take({ type: "deleted", object: pod("a/one"), resourceVersion: "11" });
    expect([shown(rows), rows.resourceVersion]).toEqual(["", "11"]);
    rows.take({ type: "bookmark", resourceVersion: "20" });
    expect(rows.resourceVersion).toBe("20");
  });

  it("are those from before until the new set is whole; what is not in it is gone", () => {
    const rows = new RowFollower(PODS);
    rows.take({ type: "reset", reason: "start" });
    for (const key of ["a/one", "a/two"]) rows.take({ type: "added", object: pod(key), resourceVersion: "1" });
    rows.take({ type: "synced", resourceVersion: "1", freshness });
    rows.take({ type: "reset", reason: "expired" });
    rows.take({ type: "added", object: pod("a/two"), resourceVersion: "7" });
    expect([shown(rows), rows.told, rows.complete]).toEqual(["a/one a/two", 1, true]);
    // From within a set there is nothing to go on from.
    expect(rows.resourceVersion).toBeUndefined();
    rows.take({ type: "synced", resourceVersion: "8", freshness });
    expect([shown(rows), rows.resourceVersion]).toEqual(["a/two", "8"]);
    expect(rows.rows.get("a/two")?.changes).toBe(0);
  });
});

it("a row takes an object whose fields are not what they are elsewhere", () => {
  const odd = JSON.parse('{"metadata":{"name":"odd"},"spec":{"nodeName":7},"status":"fine"}') as KubernetesObject;
  expect(toRow(odd, columnsOf("example.com/v1/things"), 0)).toMatchObject({ key: "odd", node: "" });
});

describe("a filter", () => {
  const rows = [
    row("team-a/web-0", {
      metadata: { name: "web-0", namespace: "team-a", labels: { app: "web" } },
      spec: { nodeName: "node-1" },
    }),
    row("team-b/web-1", { metadata: { name: "web-1", namespace: "team-b", labels: { app: "web", canary: "" } } }),
    row("team-b/db", { spec: { nodeName: "node-2" } }),
    row("db:Admin", {
      metadata: { name: "db:Admin", labels: { app: "web", canary: "" } },
      spec: { nodeName: "Node-3" },
    }),
  ];
  const found = (filter: Partial<Filter>): readonly string[] => {
    const compiled = compileFilter({ ...NO_FILTER, ...filter });
    if (compiled.type === "invalid") throw new Error(compiled.message);
    return rows.filter(compiled.passes).map(({ name }) => name);
  };

  it.each([
    [{}, ["web-0", "web-1", "db", "db:Admin"]],
    [{ name: " WEB " }, ["web-0", "web-1"]],
    [{ name: "b:A" }, ["db:Admin"]],
    [{ node: "NODE-3" }, ["db:Admin"]],
    [{ namespace: "team-b" }, ["web-1", "db"]],
    [{ namespace: "team" }, []],
    [{ labels: "app in (web, api), !canary" }, ["web-0"]],
    [{ labels: "app!=web" }, ["db"]],
    [{ node: "node" }, ["web-0", "db", "db:Admin"]],
    [{ name: "web", namespace: "team-a", labels: "app=web", node: "node-1" }, ["web-0"]],
  ])("of %j passes %j", (filter, names) => {
    expect(found(filter)).toEqual(names);
  });

  it.each(["app in (", "a=b,,", "é=b", `${"x".repeat(64)}=y`])("says what is wrong with the selector %j", (labels) => {
    expect(compileFilter({ ...NO_FILTER, labels })).toMatchObject({
      type: "invalid",
      message: expect.stringMatching(/\w/),
    });
  });
});

describe("the order of rows", () => {
  const at = (day: number): Partial<KubernetesObject> => ({
    metadata: { name: "", creationTimestamp: `2026-01-0${day}T00:00:00Z` },
  });
  const asking = (cpu: string): KubernetesObject["spec"] => ({ containers: [{ resources: { requests: { cpu } } }] });
  const rows = (["b/x", "a/z", "a/y"] as const).map((key, index) => {
    const [name = "", namespace = ""] = key.split("/").toReversed();
    const cpu = ["900m", "10", "2"][index] ?? "";
    return row(key, { metadata: { ...at(index + 1).metadata, name, namespace }, spec: asking(cpu) });
  });
  const keys = (column: string, descending: boolean): string =>
    sortRows(rows, PODS, { column, descending })
      .map(({ key }) => key)
      .join(" ");

  it("is by namespace and name, by text, by amount, or by age, the young first", () => {
    expect(sortRows(rows, PODS, BY_KEY).map(({ key }) => key)).toEqual(["a/y", "a/z", "b/x"]);
    expect(keys("name", false)).toBe("b/x a/y a/z");
    expect(keys("cpu", false)).toBe("b/x a/y a/z");
    expect(keys("cpu", true)).toBe("a/z a/y b/x");
    expect(keys("age", false)).toBe("a/y a/z b/x");
    expect(keys("age", true)).toBe("b/x a/z a/y");
    // Those that are alike stay in the order of their keys, also when it is turned round.
    expect(keys("gpu", true)).toBe("a/y a/z b/x");
  });

  it("is of deployments by how many are ready, not by the text", () => {
    const columns = columnsOf("apps/v1/deployments");
    const deployments = [2, 10, 0].map((replicas) =>
      toRow(pod(`a/${replicas}`, { spec: { replicas: 10 }, status: { readyReplicas: replicas } }), columns, 0),
    );
    const order = { column: "ready", descending: false };
    expect(sortRows(deployments, columns, order).map(({ name }) => name)).toEqual(["0", "2", "10"]);
  });
});

describe("the rows that are made", () => {
  const ROW = 32;
  it.each([
    [0, 0],
    [3, 0],
    [10_000, 0],
    [10_000, 5_000 * ROW + 7],
    [10_000, 10_000 * ROW],
    [20, 10_000 * ROW],
  ])("of %i, scrolled to %i, cover what can be seen, and leave the height as it is", (count, top) => {
    const height = 600;
    const { first, end, above, below } = rowWindow(count, { top, height, rowHeight: ROW });
    expect(above + (end - first) * ROW + below).toBe(count * ROW);
    expect(end - first).toBeLessThan(50);
    const reachable = Math.min(top, Math.max(0, count * ROW - height));
    expect(first * ROW).toBeLessThanOrEqual(reachable);
    expect(end * ROW).toBeGreaterThanOrEqual(Math.min(count * ROW, reachable + height));
  });

  it("are scrolled to only where they are not seen whole", () => {
    const place = { top: 320, height: 320, rowHeight: ROW };
    expect([9, 10, 19, 20].map((index) => scrolledTo(index, place))).toEqual([288, undefined, undefined, 352]);
  });
});
