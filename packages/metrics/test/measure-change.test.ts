import { readFileSync } from "node:fs";
import {
  canaryHolder,
  decodeObject,
  emptyMergeState,
  parseResourceVersion,
  PODS,
  reduce,
  type ResourceType,
  type Scope,
  SERVICES,
  type StoredObject,
  type ViewChange,
} from "@krm/core";
import { expect, test } from "vitest";
import { measureChange } from "../src/delay/measure-change.ts";

const SCOPE: Scope = { resource: PODS };
const LEASES: ResourceType = {
  ...PODS,
  group: "coordination.k8s.io",
  resource: "leases",
  kind: "Lease",
  listKind: "LeaseList",
  singular: "lease",
};
const T0 = Date.parse("2026-11-23T06:14:00Z");

function object(metadata: Record<string, unknown>, rest: Record<string, unknown> = {}): StoredObject {
  const base = { name: "w1", namespace: "rec", uid: "u1", resourceVersion: "7", creationTimestamp: at(0) };
  return decodeObject(new TextEncoder().encode(JSON.stringify({ metadata: { ...base, ...metadata }, ...rest })));
}

/** Seconds after T0, as the API server writes it. */
function at(seconds: number): string {
  return new Date(T0 + seconds * 1000).toISOString().replace(".000Z", "Z");
}

function written(seconds: number): { managedFields: unknown[] } {
  return { managedFields: [{ manager: "m", operation: "Update", time: at(seconds) }] };
}

function set(of: StoredObject, more: Partial<Extract<ViewChange, { type: "set" }>> = {}): ViewChange {
  return { type: "set", object: of, previous: undefined, origin: "stream", observedAt: T0 + 2500, ...more };
}

function removed(of: StoredObject, more: Partial<Extract<ViewChange, { type: "removed" }>> = {}): ViewChange {
  const { key, uid } = of;
  const version = parseResourceVersion("9");
  const about = { key, uid, resourceVersion: version, finalState: of, wasDeleting: false };
  return { type: "removed", ...about, origin: "stream", observedAt: T0 + 2500, ...more };
}

const previous = {
  uid: object({}).uid,
  resourceVersion: parseResourceVersion("5"),
  deleting: false,
  changedAt: at(-60),
};
const delayOf = (event: string, source: string, seconds: number): unknown => ({
  type: "delay",
  delay: { event, source, seconds, resourceVersion: "7", observedAt: T0 + 2500 },
});
const unmeasured = (event: string, reason: string): unknown => ({ type: "unmeasured", event, reason });

test.for<[string, ViewChange, unknown]>([
  ["a creation", set(object({})), delayOf("ADDED", "creationTimestamp", 2.5)],
  ["a creation that somebody owns", set(object({ ...written(1) })), delayOf("ADDED", "creationTimestamp", 2.5)],
  [
    "a new life under an old name",
    set(object({}), { previous: { ...previous, uid: "u0" as typeof previous.uid } }),
    delayOf("ADDED", "creationTimestamp", 2.5),
  ],
  ["an object of the initial list", set(object({}), { origin: "list" }), unmeasured("ADDED", "not-live")],
  ["what a verification repaired", set(object({}), { origin: "repair", previous }), unmeasured("MODIFIED", "not-live")],
  [
    "an object whose ADDED was missed",
    set(object({ creationTimestamp: at(-300), ...written(0) })),
    unmeasured("ADDED", "seen-late"),
  ],
  [
    "an old object that nobody owns",
    set(object({ creationTimestamp: at(-86_400 * 365) })),
    unmeasured("ADDED", "seen-late"),
  ],
  [
    "an object first seen while it is deleted",
    set(object({ deletionTimestamp: at(30), deletionGracePeriodSeconds: 30 })),
    unmeasured("ADDED", "seen-late"),
  ],
  ["a change", set(object(written(1)), { previous }), delayOf("MODIFIED", "managedFields", 1.5)],
  [
    "a change by an API server whose clock is ahead",
    set(object(written(4)), { previous }),
    delayOf("MODIFIED", "managedFields", -1.5),
  ],
  ["a change in the same second", set(object(written(-60)), { previous }), unmeasured("MODIFIED", "same-second")],
  ["a change of what nobody owns", set(object({}), { previous }), unmeasured("MODIFIED", "no-time")],
  [
    "a change after a takeover by a merger that did not know",
    set(object(written(1)), { previous: { uid: previous.uid, resourceVersion: previous.resourceVersion } }),
    unmeasured("MODIFIED", "unknown-before"),
  ],
  [
    "the first time that somebody owns something",
    set(object(written(1)), { previous: { ...previous, changedAt: undefined } }),
    delayOf("MODIFIED", "managedFields", 1.5),
  ],
  [
    "a request to delete, with its grace period",
    set(object({ deletionTimestamp: at(31), deletionGracePeriodSeconds: 30, ...written(-60) }), { previous }),
    delayOf("DELETED", "deletionTimestamp", 1.5),
  ],
  [
    "a request to delete that waits for a finalizer",
    set(object({ deletionTimestamp: at(1) }), { previous }),
    delayOf("DELETED", "deletionTimestamp", 1.5),
  ],
  [
    "a grace period that was shortened",
    set(object({ deletionTimestamp: at(1), deletionGracePeriodSeconds: 0, ...written(-60) }), {
      previous: { ...previous, deleting: true },
    }),
    unmeasured("MODIFIED", "same-second"),
  ],
  [
    "a status written while it is deleted",
    set(object({ deletionTimestamp: at(31), deletionGracePeriodSeconds: 30, ...written(1) }), {
      previous: { ...previous, deleting: true },
    }),
    delayOf("MODIFIED", "managedFields", 1.5),
  ],
  ["a deletion at once", removed(object({})), unmeasured("DELETED", "no-time")],
  [
    "a deletion whose request was seen",
    removed(object({ deletionTimestamp: at(1), deletionGracePeriodSeconds: 0 }), { wasDeleting: true }),
    undefined,
  ],
  [
    "a deletion whose request shows with it",
    removed(object({ deletionTimestamp: at(1), deletionGracePeriodSeconds: 0 })),
    delayOf("DELETED", "deletionTimestamp", 1.5),
  ],
  [
    "a deletion after a takeover by a merger that did not know",
    removed(object({ deletionTimestamp: at(1) }), { wasDeleting: undefined }),
    unmeasured("DELETED", "unknown-before"),
  ],
  [
    "a deletion that a list showed",
    removed(object({}), { finalState: "unknown", origin: "list" }),
    unmeasured("DELETED", "not-live"),
  ],
  ["an object without a time", set(object({ creationTimestamp: null })), unmeasured("ADDED", "no-time")],
])("%s", ([, change, expected]) => {
  expect(measureChange(change, SCOPE)).toEqual(expected);
});

test("a Lease is measured by its renewTime, to the microsecond", () => {
  const lease = object(written(2), { spec: { renewTime: "2026-11-23T06:14:02.123456Z" } });
  const measured = measureChange(set(lease, { previous }), { resource: LEASES });
  expect(measured).toMatchObject({ delay: { event: "MODIFIED", source: "renewTime" } });
  expect(measured?.type === "delay" && measured.delay.seconds).toBeCloseTo(0.376544, 6);
  const labelled = object(written(2), { spec: { renewTime: "2026-11-23T00:14:02.123456Z" } });
  expect(measureChange(set(labelled, { previous }), { resource: LEASES })).toMatchObject({
    delay: { source: "managedFields", seconds: 0.5 },
  });
  const bare = object(written(2), { spec: {} });
  expect(measureChange(set(bare, { previous }), { resource: LEASES })).toMatchObject({
    delay: { source: "managedFields" },
  });
});

test("a canary's Lease is left to the canary, but for what no watch told", () => {
  const scope = { resource: LEASES };
  const lease = (holderIdentity: string): StoredObject =>
    object(written(2), { spec: { holderIdentity, renewTime: "2026-11-23T06:14:02.123456Z" } });
  const canarys = lease(canaryHolder("here"));
  expect(measureChange(set(canarys, { previous }), scope)).toBeUndefined();
  expect(measureChange(set(canarys, { previous: undefined }), scope)).toBeUndefined();
  expect(measureChange(set(canarys, { previous, origin: "list" }), scope)).toMatchObject({ reason: "not-live" });
  expect(measureChange(set(lease("here"), { previous }), scope)).toMatchObject({ delay: { source: "renewTime" } });
});

/** The events that a watch of golden scenario 05 brought, through the merge, each read a second and a half late. */
function golden(path: RegExp, scope: Scope): unknown[] {
  const { steps } = JSON.parse(
    readFileSync(new URL("../../testkit/golden/05-watch-lifecycle.json", import.meta.url), "utf8"),
  ) as { steps: { request: { path: string }; response: { stream?: (string | { type: string; object: object })[] } }[] };
  const stream = steps.find(({ request, response }) => path.test(request.path) && response.stream)?.response.stream;
  let state = emptyMergeState();
  const measured: unknown[] = [];
  for (const line of stream ?? []) {
    const { type, object: body } =
      typeof line === "string" ? (JSON.parse(line) as { type: string; object: object }) : line;
    const observed = decodeObject(new TextEncoder().encode(JSON.stringify(body)));
    const next = reduce(state, {
      type: "observed",
      epoch: 0,
      observation: {
        type: type === "DELETED" ? "deleted" : "applied",
        object: observed,
        origin: "live",
        observedAt: T0 + 6500,
      },
    });
    ({ state } = next);
    for (const change of next.step.changes) {
      const one = measureChange(change, scope);
      measured.push(
        one === undefined
          ? "measured before"
          : one.type === "delay"
            ? [one.delay.event, one.delay.seconds]
            : [one.event, one.reason],
      );
    }
  }
  return measured;
}

test("golden 05: each deletion is measured once, and from its request", () => {
  expect(golden(/pods\?watch/, SCOPE)).toEqual([
    ["ADDED", 6.5],
    ["MODIFIED", "same-second"],
    ["MODIFIED", "same-second"],
    ["DELETED", 6.5],
    ["MODIFIED", "same-second"],
    "measured before",
    ["ADDED", 5.5],
    ["DELETED", 5.5],
    "measured before",
  ]);
  expect(golden(/services\?watch/, { resource: SERVICES })).toEqual([
    ["ADDED", 2.5],
    ["DELETED", "no-time"],
  ]);
});
