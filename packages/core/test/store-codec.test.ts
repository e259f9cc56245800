import { describe, expect, test } from "vitest";
import {
  decodeChange,
  decodeLogRecord,
  decodeObject,
  decodeObjectRecord,
  encodeChange,
  encodeLogRecord,
  encodeObject,
  LogAssembler,
  type LogRecord,
  type RoleInput,
  objectKey,
  parseResourceVersion,
  type VerifiedInput,
  recordsOf,
  type SnapshotEntry,
  type StoredObject,
  type ViewChange,
} from "../src/index.ts";
import { storedObject } from "./support/objects.ts";

const fromWire = (json: string): StoredObject => decodeObject(Buffer.from(json));
const full = fromWire(
  '{"metadata":{"name":"system:node:ü","namespace":"n","uid":"u","resourceVersion":"18446744073709551617",' +
    '"creationTimestamp":"2026-01-01T00:00:00Z","deletionTimestamp":"2026-01-01T00:00:30Z","deletionGracePeriodSeconds":30,' +
    '"labels":{"app":"wéb","constructor":"x"},"managedFields":[{"time":"2026-01-01T00:00:09Z"}]},' +
    '"data":{"n":9007199254740993,"one":1.0,"line":"\\n\\u2028","nul":"\\u0000"}}',
);
const objects = {
  "with everything": full,
  "with nothing": fromWire('{"metadata":{"name":"o","uid":"u","resourceVersion":"1"}}'),
  "that does not say where its labels stand": { ...storedObject("a", "u", "7"), labels: { app: "web", toString: "y" } },
};

function seen(object: StoredObject): Record<string, unknown> {
  const { key, uid, resourceVersion, namespace, name, creationTimestamp, deletionTimestamp } = object;
  const { deletionGracePeriodSeconds, changedAt, labels } = object;
  const times = { creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, changedAt };
  const text = Buffer.from(object.bytes).toString("utf8");
  return { key, uid, resourceVersion, namespace, name, ...times, labels: { ...labels }, text };
}

describe("an object", () => {
  test.for(Object.entries(objects))("%s comes out of its record as it was", ([, object]) => {
    const record = encodeObject(object);
    expect(seen(decodeObjectRecord(object.key, record))).toEqual(seen(object));
    // And once more, from a record's own object.
    expect(encodeObject(decodeObjectRecord(object.key, record)).equals(record)).toBe(true);
  });

  test("keeps nothing of the buffer that its record came in", () => {
    const record = encodeObject(full);
    const kept = decodeObjectRecord(full.key, record);
    record.fill(0);
    expect(seen(kept)).toEqual(seen(full));
  });

  test("that cannot be read is an error which names it", () => {
    for (const record of ["", "no header", "[1,\n{}", "null\n{}"])
      expect(() => decodeObjectRecord(objectKey("n", "broken"), Buffer.from(record))).toThrow(/"n\/broken"/);
  });
});

describe("a change", () => {
  const { key, uid, resourceVersion } = full;
  const changes: Record<string, ViewChange> = {
    "that adds": { type: "set", object: full, previous: undefined, origin: "list", observedAt: 1 },
    "that replaces": { type: "set", object: full, previous: { uid, resourceVersion }, origin: "repair", observedAt: 2 },
    "that removes": { type: "removed", key, uid, resourceVersion, finalState: full, origin: "stream", observedAt: 3 },
    "that infers": {
      type: "removed",
      key,
      uid,
      resourceVersion,
      finalState: "unknown",
      origin: "repair",
      observedAt: 4,
    },
  };
  const shown = (change: ViewChange): unknown =>
    change.type === "set"
      ? { ...change, object: seen(change.object) }
      : { ...change, finalState: change.finalState === "unknown" ? "unknown" : seen(change.finalState) };

  test.for(Object.entries(changes))("%s comes out as it was", ([, change]) => {
    const { header, record } = encodeChange(change);
    expect(shown(decodeChange({ header, record }))).toEqual(shown(change));
    // A backend may have no way to say that there is none.
    if (record === undefined) expect(shown(decodeChange({ header, record: new Uint8Array() }))).toEqual(shown(change));
  });
});

describe("an input on its way through a log", () => {
  const version = parseResourceVersion;
  const entries = (count: number, bodies: (i: number) => boolean): Map<StoredObject["key"], SnapshotEntry> =>
    new Map(
      Array.from({ length: count }, (_, i) => {
        const object = storedObject(`o${i}`, `u${i}`, String(i + 1));
        const { uid, resourceVersion } = object;
        return [object.key, bodies(i) ? { uid, resourceVersion, object } : { uid, resourceVersion }];
      }),
    );
  const list = (type: "relisted" | "verified" | "epoch-reset", count: number): RoleInput => ({
    type,
    epoch: 2,
    snapshot: { resourceVersion: version("99"), takenAt: 5, entries: entries(count, (i) => i % 3 > 0) },
  });
  const inputs: Record<string, RoleInput> = {
    "an event": {
      type: "observed",
      epoch: 1,
      observation: { type: "deleted", object: full, origin: "live", observedAt: 9 },
    },
    "a bookmark": { type: "bookmark", epoch: 1, resourceVersion: version("9") },
    "a sign of life": { type: "heard", epoch: 1, at: 7 },
    "the start of a verification": { type: "verification-started", epoch: 1 },
    "an empty list": list("relisted", 0),
    "a list": list("verified", 1000),
    "a list of a new history": list("epoch-reset", 3),
    "a list that closes a gap": {
      ...(list("relisted", 300) as Extract<RoleInput, { type: "relisted" }>),
      cause: "undecodable",
    },
    "a verification with what objects said": {
      ...(list("verified", 1000) as VerifiedInput),
      mode: "exact-metadata",
      doubts: [
        { key: full.key, until: full.resourceVersion, found: full, listed: undefined },
        { key: objectKey("n", "gone"), until: version("101"), found: undefined, listed: undefined },
        { key: objectKey("ns", "b"), until: version("7"), found: storedObject("b", "u", "7"), listed: full },
      ].map((doubt) => ({
        ...doubt,
        listed: doubt.listed && { uid: doubt.listed.uid, resourceVersion: doubt.listed.resourceVersion },
      })),
      contradicted: [objectKey("n", "c")],
    },
    "a list that cannot be ordered": {
      type: "polled",
      epoch: 0,
      snapshot: { resourceVersion: "x", takenAt: 1, objects: [full] },
    },
  };
  const shown = (input: RoleInput | undefined): unknown => {
    if (input?.type === "observed") return { ...input, observation: seen(input.observation.object) };
    if (input?.type === "polled")
      return { ...input, snapshot: { ...input.snapshot, objects: input.snapshot.objects.map(seen) } };
    if (input === undefined || !("snapshot" in input)) return input;
    const each = [...input.snapshot.entries].map(([key, { uid, resourceVersion, object }]) => [
      key,
      uid,
      resourceVersion,
      object && seen(object),
    ]);
    const said = input.type === "verified" ? input.doubts : undefined;
    const doubts = said?.map((doubt) => ({ ...doubt, found: doubt.found && seen(doubt.found) }));
    return { ...input, doubts, snapshot: { ...input.snapshot, entries: each } };
  };
  const travel = (record: LogRecord): LogRecord => decodeLogRecord(encodeLogRecord(record));

  test.for(Object.entries(inputs))("%s comes out as it was, with its last record", ([, input]) => {
    const assembler = new LogAssembler();
    const records = [...recordsOf(input, "id")];
    const out = records.map((record) => assembler.take(travel(record)));
    expect(out.slice(0, -1)).toEqual(records.slice(1).map(() => undefined));
    expect(shown(out.at(-1))).toEqual(shown(input));
    expect(assembler.holdsPages).toBe(false);
  });

  test("a list whose writer died is dropped by whatever comes after it", () => {
    const assembler = new LogAssembler();
    const [first] = recordsOf(list("relisted", 700), "first");
    expect(assembler.take(first as LogRecord)).toBeUndefined();
    const heard: LogRecord = { type: "heard", epoch: 1, at: 7 };
    expect(assembler.take(heard)).toEqual(heard);
    expect(assembler.holdsPages).toBe(false);
  });

  test("a list whose writer died is dropped when another begins, and pages without a beginning belong to nobody", () => {
    const assembler = new LogAssembler();
    const first = [...recordsOf(list("relisted", 700), "first")];
    const second = [...recordsOf(list("relisted", 700), "second")];
    for (const record of first.slice(0, 2)) expect(assembler.take(record)).toBeUndefined();
    expect(assembler.holdsPages).toBe(true);
    const taken = second.map((record) => assembler.take(record));
    expect(shown(taken.at(-1))).toEqual(shown(list("relisted", 700)));
    expect(assembler.take(first[2] as LogRecord)).toBeUndefined();
    expect(assembler.holdsPages).toBe(false);
  });
});
