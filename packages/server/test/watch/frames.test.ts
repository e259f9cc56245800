import { decodeObject, parseResourceVersion, PODS } from "@krm/core";
import { ManualClock } from "@krm/testkit";
import { expect, it } from "vitest";
import { FrameCache } from "../../src/watch/frame-cache.ts";
import { Frames } from "../../src/watch/frames.ts";

const encoder = new TextEncoder();

/** JSON that `JSON.parse` and `JSON.stringify` would not give back: a number beyond 2^53, and one with a point. */
const METADATA = `"name":"a","namespace":"n","uid":"u","resourceVersion":"5","creationTimestamp":"2026-11-26T00:00:00Z"`;
const OBJECT = `"metadata":{${METADATA}},"spec":{"priority":9007199254740993,"share":1.0}`;

it.for([
  ["MODIFIED", "5"],
  // The last state, under the version of its deletion.
  ["DELETED", "7"],
] as const)("a Table's whole object is the stored bytes: %s at %s", ([type, version]) => {
  const object = decodeObject(encoder.encode(`{${OBJECT}}`));
  const frames = new Frames(PODS, new ManualClock(), new FrameCache());
  const shape = { type: "table", version: "v1", includeObject: "Object" } as const;
  const line = Buffer.concat([...frames.pieces(type, object, parseResourceVersion(version), shape, true)]).toString();
  const bytes = OBJECT.replace(`"resourceVersion":"5"`, `"resourceVersion":"${version}"`);
  expect(line).toContain(`"object":{"kind":"Pod","apiVersion":"v1",${bytes}}}]}}\n`);
  const { object: table } = JSON.parse(line) as { object: { columnDefinitions: unknown[]; rows: unknown[] } };
  expect(table.rows).toHaveLength(1);
  expect(table.columnDefinitions.length).toBeGreaterThan(4);
});
