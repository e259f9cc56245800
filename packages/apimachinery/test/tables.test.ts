import { DEFAULT_RESOURCES, PODS, resourcePath, type ResourceType } from "@krm/core";
import { describe, expect, test } from "vitest";
import { parseIncludeObject, type Table, tableColumns, toTable } from "../src/index.ts";
import { fixture } from "./fixtures.ts";

interface Recording {
  readonly path: string;
  readonly table: Table;
  readonly objects: readonly { readonly metadata: { readonly creationTimestamp: string } }[];
}

const { tables } = fixture("tables") as { tables: readonly Recording[] };

function recordingOf(resource: ResourceType): Recording {
  const path = resourcePath(resource, resource.namespaced ? "team-0" : undefined);
  const found = tables.find((recording) => recording.path === path);
  if (found === undefined) throw new Error(`no table of ${path} is recorded`);
  return found;
}

/** The moment of the recording, told by the age that it shows: `33s` for the node, `0s` for the others. */
function recordedAt(recording: Recording): number {
  const created = Date.parse(recording.objects[0]?.metadata.creationTimestamp ?? "");
  const ageColumn = recording.table.columnDefinitions?.findIndex((column) => column.name === "Age") ?? -1;
  return created + Number.parseInt(String(recording.table.rows[0]?.cells[ageColumn]), 10) * 1000;
}

describe("Tables are those of kube-apiserver v1.36.2", () => {
  test.for(DEFAULT_RESOURCES)("$resource", (resource) => {
    const recording = recordingOf(resource);
    const table = toTable(resource, recording.objects, {
      now: recordedAt(recording),
      listMeta: { resourceVersion: recording.table.metadata.resourceVersion },
    });
    // As text: the order of the keys counts too.
    expect(JSON.stringify(table)).toBe(JSON.stringify(recording.table));
  });

  test("includeObject decides what comes with a row", () => {
    const { objects } = recordingOf(PODS);
    const options = { now: 0, listMeta: { resourceVersion: "251" } };
    expect(toTable(PODS, objects, { ...options, includeObject: "None" }).rows[0]?.object).toBeNull();
    const whole = toTable(PODS, objects, { ...options, includeObject: "Object" }).rows[0]?.object;
    expect(whole).toEqual({ kind: "Pod", apiVersion: "v1", ...objects[0] });
    expect(Object.keys(whole as object).slice(0, 2)).toEqual(["kind", "apiVersion"]);
  });
});

test("the second event of a watch leaves the columns out", () => {
  const table = toTable(PODS, [], { now: 0, listMeta: { resourceVersion: "1" }, columnDefinitions: false });
  expect(table).toEqual({
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: { resourceVersion: "1" },
    columnDefinitions: null,
    rows: [],
  });
});

test("a kind of which no more is known shows name and age", () => {
  const widgets: ResourceType = {
    ...PODS,
    group: "example.com",
    resource: "widgets",
    kind: "Widget",
    listKind: "WidgetList",
    singular: "widget",
    custom: true,
  };
  expect(tableColumns(widgets).map((column) => [column.name, column.type])).toEqual([
    ["Name", "string"],
    ["Age", "date"],
  ]);
  const object = { metadata: { name: "w", creationTimestamp: "2026-01-01T00:00:00Z" } };
  const now = Date.parse("2026-01-04T05:00:00Z");
  expect(toTable(widgets, [object], { now, listMeta: { resourceVersion: "1" } }).rows[0]?.cells).toEqual(["w", "3d5h"]);
});

test("an object of any shape gets a row as wide as the columns", () => {
  for (const resource of DEFAULT_RESOURCES) {
    for (const object of [
      {},
      { metadata: null, spec: 7, status: "x" },
      { metadata: { labels: [] }, spec: { rules: {} } },
    ]) {
      const table = toTable(resource, [object], { now: 0, listMeta: { resourceVersion: "1" } });
      expect(table.rows[0]?.cells.length).toBe(tableColumns(resource).length);
    }
  }
});

test("includeObject of a query", () => {
  expect(parseIncludeObject(new URLSearchParams())).toBe("Metadata");
  expect(parseIncludeObject(new URLSearchParams("includeObject=None"))).toBe("None");
  expect(() => parseIncludeObject(new URLSearchParams("includeObject=All"))).toThrow(
    `Unable to convert to Table as requested: includeObject: Invalid value: "All": must be 'Metadata', 'Object', 'None', or empty`,
  );
});
