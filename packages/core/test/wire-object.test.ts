import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileDropPaths, decodeObject, KrmError, type KrmErrorCode, type StoredObject } from "../src/index.ts";
import { JsonSyntaxError, skipSpace, skipValue } from "../src/wire/json-scan.ts";
import { anyObject, anyTree, DEFAULT_CUTS, prune, render, spaces, squeeze } from "./wire-json.ts";

const none = compileDropPaths([]);

function decode(text: string, drop = compileDropPaths([])): StoredObject {
  return decodeObject(Buffer.from(text), { drop });
}

function stored(object: StoredObject): string {
  return Buffer.from(object.bytes).toString("utf8");
}

function failure(work: () => unknown): KrmError {
  try {
    work();
  } catch (error) {
    if (KrmError.is(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

function accepts(text: string): boolean {
  const bytes = Buffer.from(text);
  try {
    return skipSpace(bytes, skipValue(bytes, 0, bytes.length), bytes.length) === bytes.length;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return false;
    throw error;
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const identity = '"name":"a","namespace":"n","uid":"u","resourceVersion":"7"';

describe("the scan accepts what JSON.parse accepts", () => {
  it("for texts of JSON's own signs", () => {
    const unit = fc.constantFrom(...'{}[]",:\\0123456789.eE+-/ubfnrtals \n\t\u0001\u007fé\u2028'.split(""));
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 14 }), (text) => {
        expect(accepts(text)).toBe(parses(text));
      }),
      { numRuns: 20_000, seed: 1 },
    );
  });

  it("for a good text with one byte changed, gone or doubled", () => {
    const change = fc.tuple(
      fc.nat(),
      fc.constantFrom("", ...'{}[]",:\\0e.- n\n\u0000'.split("")),
      fc.constantFrom(0, 1),
    );
    fc.assert(
      fc.property(anyTree, change, fc.nat(), (tree, [where, what, taken], seed) => {
        const text = render(tree, spaces(seed));
        const at = where % (text.length + 1);
        const changed = text.slice(0, at) + what + text.slice(at + taken);
        // A cut between the halves of a pair leaves what UTF-8 cannot say.
        fc.pre(changed.isWellFormed());
        expect(accepts(changed)).toBe(parses(changed));
      }),
      { numRuns: 5000, seed: 2 },
    );
  });

  it("for numbers, words and escapes", () => {
    const texts = [
      "-",
      "01",
      "1.",
      ".5",
      "1e",
      "1e+",
      "-0",
      "0e0",
      "1E-7",
      "tru",
      "nul",
      "falsey",
      '"\\x"',
      '"\\u12g4"',
    ];
    texts.push(
      '"\\u12',
      '"\\',
      '"',
      "",
      " ",
      "{",
      "[",
      '{"a"',
      '{"a":',
      '{"a":1',
      '{"a":1,',
      '{"a":1,}',
      "[1,]",
      "[,]",
      "{,}",
    );
    for (const text of texts) expect([text, accepts(text)]).toEqual([text, parses(text)]);
  });

  it("down to ten thousand levels", () => {
    expect(accepts("[".repeat(10_000) + "]".repeat(10_000))).toBe(true);
    expect(accepts('{"a":'.repeat(10_001) + "1" + "}".repeat(10_001))).toBe(false);
  });
});

describe("decodeObject", () => {
  it("keeps every byte but those of the cut members and their commas", () => {
    fc.assert(
      fc.property(anyObject, (tree) => {
        const object = decodeObject(Buffer.from(render(tree)));
        expect(stored(object)).toBe(render(prune(tree, DEFAULT_CUTS)));
        expect([object.key, object.uid, object.resourceVersion]).toEqual(["team-a/web-0", "u-1", "9007199254740993"]);
      }),
      { numRuns: 3000, seed: 3 },
    );
  });

  it("does so whatever white space there is", () => {
    fc.assert(
      fc.property(anyObject, fc.nat(), (tree, seed) => {
        const text = render(tree, spaces(seed));
        const object = stored(decodeObject(Buffer.from(` \n${text}\r\n`)));
        expect(squeeze(object)).toBe(render(prune(tree, DEFAULT_CUTS)));
        expect(object[0] ?? "").toBe("{");
        expect(object.at(-1)).toBe("}");
      }),
      { numRuns: 2000, seed: 4 },
    );
  });

  it("parses to the same value minus what is dropped", () => {
    fc.assert(
      fc.property(anyObject, fc.nat(), (tree, seed) => {
        const text = render(tree, spaces(seed));
        expect(JSON.parse(stored(decode(text)))).toEqual(JSON.parse(render(prune(tree, DEFAULT_CUTS.slice(0, 2)))));
      }),
      { numRuns: 1000, seed: 5 },
    );
  });

  it("reads what identifies an object, and its times", () => {
    const object = decode(
      `{"metadata":{"labels":{"app":"w\\u00e9b","constructor":"x"},${identity},"creationTimestamp":"2026-01-01T00:00:00Z",` +
        `"deletionTimestamp":"2026-01-01T00:00:30Z","deletionGracePeriodSeconds":30,"managedFields":[` +
        `{"time":"2026-01-01T00:00:05Z"},{"time":"2026-01-01T00:00:09Z","fieldsV1":{"time":"2027"}},{"\\u0074ime":"2026-01-01T00:00:01Z"},{}]}}`,
      compileDropPaths(["metadata.managedFields"]),
    );
    expect({ ...object, bytes: undefined, labels: { ...object.labels } }).toMatchObject({
      key: "n/a",
      namespace: "n",
      name: "a",
      uid: "u",
      resourceVersion: "7",
      creationTimestamp: "2026-01-01T00:00:00Z",
      deletionTimestamp: "2026-01-01T00:00:30Z",
      deletionGracePeriodSeconds: 30,
      changedAt: "2026-01-01T00:00:09Z",
      bytes: undefined,
      labels: { app: "wéb", constructor: "x" },
    });
    expect(object.labels).toBe(object.labels);
  });

  it("takes an object with the least that one can have", () => {
    const object = decode(
      '{"metadata":{"name":"n1","uid":"u","resourceVersion":"18446744073709551616","creationTimestamp":null}}',
    );
    expect(object).toMatchObject({ key: "n1", namespace: "", resourceVersion: "18446744073709551616" });
    expect([object.creationTimestamp, object.changedAt, object.deletionGracePeriodSeconds]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(Object.keys(object.labels)).toEqual([]);
    expect(object.labels["constructor"]).toBeUndefined();
  });

  it("gives no label that was dropped, and the others at their new place", () => {
    const text = `{"kind":"Pod","metadata":{"managedFields":[],"labels":{"a":"1","b":"2"},${identity}}}`;
    const object = decode(text, compileDropPaths(["metadata.managedFields", "metadata.labels.a"]));
    expect({ ...object.labels }).toEqual({ b: "2" });
    expect({ ...decode(text, compileDropPaths(["metadata.labels"])).labels }).toEqual({});
  });

  it("copies, in one allocation of the object's own size", () => {
    const source = Buffer.from(`{"metadata":{${identity}},"x":1}`);
    const { bytes } = decodeObject(source, { drop: none });
    source.fill(0);
    expect(bytes.buffer.byteLength).toBe(bytes.byteLength);
    expect(Buffer.from(bytes).toString()).toBe(`{"metadata":{${identity}},"x":1}`);
  });

  it.each([
    ["[]", "not an object, at byte 0 of 2"],
    ["", "not an object, at byte 0 of 0"],
    ["{}", "metadata is missing"],
    ['{"metadata":null}', "metadata is not an object"],
    [`{"metadata":{${identity}},"metadata":{${identity}}}`, "a second metadata"],
    [`{"metadata":{${identity},"na\\u006de":"b"}}`, "a second metadata.name"],
    ['{"metadata":{"name":"","uid":"u","resourceVersion":"1"}}', "metadata.name is missing"],
    ['{"metadata":{"name":"a","resourceVersion":"1"}}', "metadata.uid is missing"],
    ['{"metadata":{"name":7,"uid":"u","resourceVersion":"1"}}', "metadata.name is not a string"],
    [`{"metadata":{${identity},"labels":"a"}}`, "metadata.labels is not an object"],
    [`{"metadata":{${identity},"deletionGracePeriodSeconds":"x"}}`, "deletionGracePeriodSeconds is not a whole number"],
    [`{"metadata":{${identity}}} x`, "the object has ended, but the text goes on"],
    [`{"metadata":{${identity}},"x":"\u0001"}`, "control character within a string, at byte 78 of 81"],
    [`{"metadata":{${identity}}`, "the text ends where"],
  ])("refuses %j", (text, why) => {
    const error = failure(() => decode(text));
    expect([error.code, error.message]).toEqual(["KRM_DECODE" satisfies KrmErrorCode, expect.stringContaining(why)]);
  });

  it.each(["", "0", "007", "abc", "-1"])("refuses resourceVersion %j", (version) => {
    const error = failure(() => decode(`{"metadata":{"name":"a","uid":"u","resourceVersion":"${version}"}}`));
    expect(error.code).toBe("KRM_INVALID_RESOURCE_VERSION");
    expect(error.message).toContain('object "a"');
  });

  it("never says what the bytes were", () => {
    const error = failure(() => decode(`{"metadata":{${identity}},"data":{"password":"hunter2\u0000"}}`));
    expect(error.message).not.toContain("hunter2");
  });
});

describe("compileDropPaths", () => {
  const text = `{"spec":{"a":{"b":1,"c.d":2},"list":[{"b":1}],"b":3},"metadata":{${identity}}}`;
  it.each([
    [["spec.a.b"], '{"spec":{"a":{"c.d":2},"list":[{"b":1}],"b":3},'],
    [['spec.a["c.d"]', "spec.b"], '{"spec":{"a":{"b":1},"list":[{"b":1}]},'],
    [["spec.a", "spec.a.b"], '{"spec":{"list":[{"b":1}],"b":3},'],
    [['["spec"]'], "{"],
    [["spec.list.b", "spec.b.x", "nothing"], '{"spec":{"a":{"b":1,"c.d":2},"list":[{"b":1}],"b":3},'],
  ])("cuts %j", (paths, start) => {
    expect(stored(decode(text, compileDropPaths(paths)))).toBe(`${start}"metadata":{${identity}}}`);
  });

  it.each([
    ["", "it is empty"],
    ["metadata", "no identity"],
    ["metadata.uid", "no identity"],
    ['metadata["resourceVersion"]', "no identity"],
    ["kind", "kept apart"],
    [".spec", '".spec" is not a member'],
    ["spec..a", '"..a" is not a member'],
    ["spec.", '"." is not a member'],
    ["spec.list[0]", '"[0]" is not a member'],
    ['spec["a', "is not a member"],
    ['spec["\\x"]', "is not a JSON string"],
    ['spec.["a"]', "is not a member"],
    ["spec a", "is not a member"],
  ])("refuses %j", (path, why) => {
    const error = failure(() => compileDropPaths(["spec.ok", path]));
    expect([error.code, error.message]).toEqual(["KRM_INVALID_ARGUMENT", expect.stringContaining(why)]);
    expect(error.message).toContain(JSON.stringify(path));
  });
});
