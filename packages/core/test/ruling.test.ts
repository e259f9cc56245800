import { describe, expect, test } from "vitest";
import { parseResourceVersion, type StoredObject } from "../src/index.ts";
import { rule, type Ruling, type RulingTerms } from "../src/verify/ruling.ts";
import type { Suspect } from "../src/verify/compare.ts";
import { storedObject } from "./support/objects.ts";

const version = parseResourceVersion;
const { key } = storedObject("o", "u1", "1");

/** `u1@5`: a life at a version. */
function life(text: string | undefined): StoredObject | undefined {
  const [uid = "", at = ""] = text?.split("@") ?? [];
  return text === undefined ? undefined : storedObject("o", uid, at);
}

/** The list is of version 10, the view was verified at 8 before, and a list after the GETs was of 12. */
function ruling(
  shown: string | undefined,
  listed: string | undefined,
  reply: string | undefined,
  more: Partial<RulingTerms> & { readonly moreKnown?: boolean } = {},
): Ruling {
  const { moreKnown = false, ...terms } = more;
  const listedAs = life(listed);
  const suspect: Suspect = {
    key,
    shown: life(shown),
    listed: listedAs && { uid: listedAs.uid, resourceVersion: listedAs.resourceVersion },
    moreKnown,
  };
  return rule(suspect, life(reply), {
    horizon: version("10"),
    verified: version("8"),
    after: version("12"),
    ...terms,
  });
}

const revision = (text: string): object => {
  const { uid, resourceVersion } = life(text) as StoredObject;
  return { uid, resourceVersion };
};

describe("what an object says of itself", () => {
  const cases: readonly [
    name: string,
    shown: string | undefined,
    listed: string | undefined,
    reply: string | undefined,
    expected: object,
  ][] = [
    ["as the list: its body settles it", undefined, "u1@9", "u1@9", { entry: { ...revision("u1@9"), object: {} } }],
    ["as list and stream: nothing to do", "u1@5", "u1@5", "u1@5", {}],
    [
      "newer than the list: the stream must tell, or have missed, that",
      "u1@5",
      "u1@9",
      "u1@11",
      { doubt: { until: "11", found: {}, listed: revision("u1@9") } },
    ],
    [
      "gone after the list: not before a later list's version is passed",
      "u1@5",
      "u1@9",
      undefined,
      { doubt: { until: "12", found: undefined, listed: revision("u1@9") } },
    ],
    [
      "vanished: neither the list nor the object itself, not before a later list's version is passed",
      "u1@5",
      undefined,
      undefined,
      { doubt: { until: "12", found: undefined, listed: undefined } },
    ],
    [
      "as the stream, and not as the list: the list is refuted",
      "u1@9",
      "u1@5",
      "u1@9",
      { entry: revision("u1@9"), contradicted: true },
    ],
    [
      "as neither, since before the list: both are wrong",
      "u1@5",
      "u1@5",
      "u1@9",
      { entry: { ...revision("u1@9"), object: {} }, contradicted: true },
    ],
    [
      "there, since before the list that lacks it: the list is refuted",
      "u1@5",
      undefined,
      "u1@5",
      { entry: revision("u1@5"), contradicted: true },
    ],
    [
      "the same life after a list that lacks it: the list is refuted, and the change is for the stream to tell",
      "u1@5",
      undefined,
      "u1@11",
      { entry: revision("u1@5"), contradicted: true, doubt: { until: "11", listed: revision("u1@5") } },
    ],
    [
      "another life after a list that lacks it: as the list says, and then a creation",
      "u1@5",
      undefined,
      "u2@11",
      { doubt: { until: "11", listed: undefined } },
    ],
    ["older than the list: a cache answered", "u1@5", "u1@9", "u1@5", { outdated: true }],
    ["older than the stream: a cache answered", "u1@9", undefined, "u1@5", { outdated: true }],
    [
      "gone, of an object older than what was verified, which was not there then: a ghost",
      undefined,
      "u1@7",
      undefined,
      { entry: "absent", contradicted: true },
    ],
    [
      "gone, of an object newer than what was verified: it may have been there",
      undefined,
      "u1@9",
      undefined,
      { doubt: { until: "12", listed: revision("u1@9") } },
    ],
  ];
  test.for(cases)("%s", ([, shown, listed, reply, expected]) => {
    const got = ruling(shown, listed, reply);
    expect(got).toMatchObject(expected);
    expect(Object.keys(got).toSorted()).toEqual(Object.keys(expected).toSorted());
    const entry =
      "entry" in expected && typeof expected.entry === "object" ? Object.keys(expected.entry as object) : [];
    if (typeof got.entry === "object") expect(Object.keys(got.entry)).toEqual(entry);
  });

  test("what the view showed when the verification began is no ghost", () => {
    expect(ruling(undefined, "u1@7", undefined, { moreKnown: true })).toMatchObject({ doubt: { until: "12" } });
  });
});
