import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeListPage, decodeMetadataPage, KrmError } from "../src/index.ts";
import { anyObject, object, render, scalar, spaces, spelled, type Tree } from "./wire-json.ts";

interface GoldenList {
  readonly kind: string;
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly { readonly metadata: { readonly [field: string]: unknown } }[];
}

/** A list that a kube-apiserver sent, as it was recorded. */
function golden(scenario: string, step: number): { list: GoldenList; body: Buffer } {
  const file = new URL(`../../testkit/golden/${scenario}.json`, import.meta.url);
  const { steps } = JSON.parse(readFileSync(file, "utf8")) as { steps: { response: { json: GoldenList } }[] };
  const list = steps[step]?.response.json as GoldenList;
  return { list, body: Buffer.from(`${JSON.stringify(list)}\n`) };
}

/** What a decoder makes of a body, in one form for both: what identifies each item, or the error. */
function outcome(decode: () => ReturnType<typeof decodeListPage> | ReturnType<typeof decodeMetadataPage>): unknown {
  try {
    const { items, resourceVersion, continue: token, remainingItemCount, bytes } = decode();
    const revisions = items.map((item) => [item.key, item.uid, item.resourceVersion]);
    return { revisions, resourceVersion, token, remainingItemCount, bytes };
  } catch (error) {
    if (KrmError.is(error)) return [error.code, error.message];
    throw error;
  }
}

function expectAlike(body: Buffer): void {
  expect(outcome(() => decodeMetadataPage(body))).toEqual(outcome(() => decodeListPage(body)));
}

const METADATA_LIST = "PartialObjectMetadataList";
const listMeta = object(
  ...[
    ["resourceVersion", '"900719925474099300"'],
    ["continue", '"x.y"'],
    ["remainingItemCount", "3"],
  ].map(([name = "", text = ""]) => ({ name, text: JSON.stringify(name), value: scalar(text) })),
);

/** A list of any objects, its members in any order and spelled in any way. */
const anyList = fc.tuple(fc.array(anyObject, { maxLength: 4 }), fc.boolean()).chain(([items, partial]) =>
  fc
    .tuple(
      spelled("kind", scalar(partial ? `"${METADATA_LIST}"` : '"PodList"')),
      spelled("apiVersion", scalar('"v1"')),
      spelled("metadata", listMeta),
      spelled("items", { type: "array", items }),
    )
    .chain((members) => fc.shuffledSubarray(members, { minLength: members.length }))
    .map((members): { tree: Tree; count: number; partial: boolean } => ({
      tree: { type: "object", members },
      count: items.length,
      partial,
    })),
);

describe("decodeMetadataPage", () => {
  it("reads what a kube-apiserver sent", () => {
    const { list, body } = golden("13-metadata-only", 0);
    expect(list.kind).toBe(METADATA_LIST);
    expect(list.items.length).toBeGreaterThan(1);
    expect(decodeMetadataPage(body)).toEqual({
      resourceVersion: list.metadata.resourceVersion,
      items: list.items.map(({ metadata: { namespace, name, uid, resourceVersion } }) => ({
        key: `${String(namespace)}/${String(name)}`,
        uid,
        resourceVersion,
      })),
      continue: list.metadata.continue,
      remainingItemCount: 6,
      bytes: body.length,
      metadataOnly: true,
    });
  });

  it("reads the same of whole objects, and says that they were whole", () => {
    const { list, body } = golden("02-pagination", 0);
    expect(list.kind).toBe("PodList");
    const page = decodeMetadataPage(body);
    expect([page.items.length, page.metadataOnly]).toEqual([list.items.length, false]);
    expectAlike(body);
  });

  it("gives what identifies the items of any list, and its kind wherever that stands", () => {
    fc.assert(
      fc.property(anyList, fc.nat(), ({ tree, count, partial }, seed) => {
        const body = Buffer.from(render(tree, spaces(seed)));
        const page = decodeMetadataPage(body);
        const item = { key: "team-a/web-0", uid: "u-1", resourceVersion: "9007199254740993" };
        expect(page).toEqual({
          resourceVersion: "900719925474099300",
          items: Array.from({ length: count }, () => item),
          continue: "x.y",
          remainingItemCount: 3,
          bytes: body.length,
          metadataOnly: partial,
        });
      }),
      { numRuns: 1000, seed: 31 },
    );
  });

  it("takes and refuses what decodeListPage does, with the same words", () => {
    const change = fc.tuple(
      fc.nat(),
      fc.constantFrom("", ...'{}[]",:\\07e.- nx\n\u0000'.split(""), ...'null,"",{},[],"uid":,"labels":7'.split(",")),
      fc.nat(2),
    );
    let refused = 0;
    fc.assert(
      fc.property(anyList, change, fc.nat(), ({ tree }, [where, what, taken], seed) => {
        const text = render(tree, spaces(seed));
        const at = where % (text.length + 1);
        const body = Buffer.from(text.slice(0, at) + what + text.slice(at + taken));
        expectAlike(body);
        if (Array.isArray(outcome(() => decodeMetadataPage(body)))) refused++;
      }),
      { numRuns: 2000, seed: 32 },
    );
    expect(refused).toBeGreaterThan(400);
    expect(refused).toBeLessThan(1800);
  });

  it("knows of a body cut off at any byte", () => {
    const { body } = golden("13-metadata-only", 0);
    const whole = body.length - 1;
    for (let cut = 0; cut < whole; cut += 7) {
      expect(() => decodeMetadataPage(body.subarray(0, cut))).toThrow(expect.objectContaining({ code: "KRM_DECODE" }));
    }
    expect(decodeMetadataPage(body.subarray(0, whole)).items).toHaveLength(2);
  });

  it("keeps nothing of the bytes", () => {
    const { body } = golden("13-metadata-only", 0);
    const before = structuredClone(decodeMetadataPage(body));
    const page = decodeMetadataPage(body);
    body.fill(0);
    expect(page).toEqual(before);
  });

  const meta = (fields: string): string => `{"metadata":{"name":"a","namespace":"n","uid":"u",${fields}}}`;
  const list = (item: string, version = "9", kind = '"PodList"'): Buffer =>
    Buffer.from(`{"kind":${kind},"metadata":{"resourceVersion":"${version}"},"items":[${item}]}`);

  it.each([
    [`"${METADATA_LIST}"`, true],
    ['"PartialObjectMetadataLis\\u0074"', true],
    [`"${METADATA_LIST}","kind":"PodList"`, false],
    [`"PodList","kind":"${METADATA_LIST}"`, true],
    [`{"kind":"${METADATA_LIST}"}`, false],
    ['"PartialObjectMetadata"', false],
    ["null", false],
  ])("takes kind %s for metadata only: %s", (kind, metadataOnly) => {
    const item = `{"kind":"${METADATA_LIST}","metadata":{"name":"a","uid":"u","resourceVersion":"1"}}`;
    expect(decodeMetadataPage(list(item, "9", kind)).metadataOnly).toBe(metadataOnly);
  });

  it("takes null for no items, and an empty token for none", () => {
    const body = Buffer.from('{"metadata":{"resourceVersion":"1","continue":""},"items":null}');
    expect(decodeMetadataPage(body)).toEqual({
      resourceVersion: "1",
      items: [],
      continue: undefined,
      remainingItemCount: undefined,
      bytes: 63,
      metadataOnly: false,
    });
  });

  it("leaves a list whose versions cannot be ordered to the caller, but not a mixed one", () => {
    const item = meta('"resourceVersion":"v-1"');
    expect(decodeMetadataPage(list(item, "v-9"))).toMatchObject({
      resourceVersion: "v-9",
      items: [{ key: "n/a", uid: "u", resourceVersion: "v-1" }],
    });
    expect(() => decodeMetadataPage(list(item))).toThrow(
      expect.objectContaining({
        code: "KRM_INVALID_RESOURCE_VERSION",
        message: expect.stringContaining('object "n/a"') as string,
      }),
    );
  });

  it.each([
    ["{}", "metadata is missing, at byte 62 of 66"],
    ["null", "not an object"],
    ['{"metadata":{"name":"a"}}', "metadata.uid is missing, at byte 62"],
    ['{"metadata":{"name":7,"uid":"u"}}', "metadata.name is not a string, at byte 82"],
    [meta('"resourceVersion":7'), "metadata.resourceVersion is not a string"],
    [meta('"resourceVersion":"1","uid":"v"'), "a second metadata.uid"],
    [meta('"resourceVersion":"1","managedFields":[],"managedFields":[]'), "a second metadata.managedFields"],
    [meta('"resourceVersion":"1","labels":"x"'), "metadata.labels is not an object"],
    [meta('"resourceVersion":"1","creationTimestamp":1'), "metadata.creationTimestamp is not a string"],
    [meta('"resourceVersion":"1","deletionTimestamp":[]'), "metadata.deletionTimestamp is not a string"],
    [
      meta('"resourceVersion":"1","deletionGracePeriodSeconds":0.5'),
      "deletionGracePeriodSeconds is not a whole number",
    ],
    [meta('"resourceVersion":"1","managedFields":[{"a":}]'), "where a value is expected"],
  ])("refuses an item %s", (item, why) => {
    const body = list(item);
    expect(() => decodeMetadataPage(body)).toThrow(
      expect.objectContaining({ code: "KRM_DECODE", message: expect.stringContaining(why) as string }),
    );
    expectAlike(body);
  });

  it("never says what the bytes were", () => {
    const text = '"resourceVersion":"1","annotations":{"password":"hunter2\u0000"}';
    const error = outcome(() => decodeMetadataPage(list(meta(text))));
    expect(error).toEqual(["KRM_DECODE", expect.stringContaining("control character") as string]);
    expect(String(error)).not.toContain("hunter2");
  });
});
