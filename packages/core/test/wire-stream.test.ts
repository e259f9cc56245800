import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeListPage, decodeStatus, KrmError, type WatchEvent, WatchDecoder } from "../src/index.ts";
import { anyObject, DEFAULT_CUTS, prune, render, spaces, squeeze } from "./wire-json.ts";

const meta = (version: string, name = "a"): string =>
  `{"name":"${name}","namespace":"n","uid":"u","resourceVersion":"${version}"}`;
const frame = (type: string, version: string, name?: string): string =>
  `{"type":"${type}","object":{"kind":"Pod","metadata":${meta(version, name)}}}\n`;
const bookmark = (inner: string): string => `{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{${inner}}}}\n`;
const listOf = (version: string, item: string): Buffer =>
  Buffer.from(`{"metadata":{"resourceVersion":"${version}"},"items":[{"metadata":${meta(item)}}]}`);

/** What a decoder makes of chunks: the events, and the error at the end. */
function read(chunks: readonly Uint8Array[], decoder = new WatchDecoder()): { events: WatchEvent[]; error?: unknown } {
  const events: WatchEvent[] = [];
  try {
    for (const chunk of chunks) events.push(...decoder.push(chunk));
    decoder.end();
  } catch (error) {
    return { events, error };
  }
  return { events };
}

function split(bytes: Buffer, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (let k = 0; at < bytes.length; k++) {
    const size = sizes[k % sizes.length] as number;
    chunks.push(Uint8Array.from(bytes.subarray(at, at + size)));
    at += size;
  }
  return chunks;
}

function shown(event: WatchEvent): string {
  return "object" in event ? `${event.type} ${Buffer.from(event.object.bytes).toString()}` : JSON.stringify(event);
}

const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 });

describe("WatchDecoder", () => {
  it("gives the same events however the bytes are split", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyObject, fc.boolean()), { maxLength: 4 }), sizes, fc.nat(), (list, how, seed) => {
        const space = spaces(seed);
        const lines = list.map(([tree, typeFirst]) => {
          const parts = [`"type"${space()}:"ADDED"`, `"object":${space()}${render(tree)}`];
          return `${space()}{${(typeFirst ? parts : parts.toReversed()).join(space() + ",")}}${space()}\n`;
        });
        const { events, error } = read(split(Buffer.from(lines.join("\n")), how));
        expect(error).toBeUndefined();
        expect(events.map(shown)).toEqual(list.map(([tree]) => `ADDED ${render(prune(tree, DEFAULT_CUTS))}`));
      }),
      { numRuns: 1000, seed: 11 },
    );
  });

  it("knows of a stream cut off at any byte, and gives what came before", () => {
    const text = frame("ADDED", "1") + frame("DELETED", "12", "漢");
    const bytes = Buffer.from(text);
    const first = frame("ADDED", "1").length;
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { events, error } = read([bytes.subarray(0, cut)]);
      const whole = cut === 0 || cut === first || cut === bytes.length;
      expect(events).toHaveLength(cut < first ? 0 : cut < bytes.length ? 1 : 2);
      expect(whole ? error === undefined : KrmError.is(error, "KRM_DECODE")).toBe(true);
    }
  });

  it("survives any change of any byte", () => {
    const good = Buffer.from(frame("MODIFIED", "1") + frame("ADDED", "2") + frame("BOOKMARK", "3"));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        sizes,
        (changes, how) => {
          const bytes = Buffer.from(good);
          for (const [at, value] of changes) bytes[at] = value;
          const { events, error } = read(split(bytes, how));
          expect(events.length).toBeLessThanOrEqual(5);
          expect(error === undefined || KrmError.is(error)).toBe(true);
        },
      ),
      { numRuns: 3000, seed: 12 },
    );
  });

  it("returns the events before an undecodable frame, then throws", () => {
    const decoder = new WatchDecoder();
    const events = decoder.push(Buffer.from(`${frame("ADDED", "1")}{"type":"ADDED",]\n${frame("ADDED", "2")}`));
    expect(events).toHaveLength(1);
    expect(decoder.error?.code).toBe("KRM_DECODE");
    expect(decoder.error?.message).toBe(
      "a watch frame cannot be read: unexpected byte 0x5d where a member's name is expected, at byte 16 of 17",
    );
    expect(() => decoder.push(Buffer.from(frame("ADDED", "3")))).toThrow(decoder.error);
    expect(() => decoder.end()).toThrow(decoder.error);
  });

  it("splits at line feeds only, and skips empty lines", () => {
    const object = `{"metadata":${meta("1")},"x":"\u2028\u2029\u0085"}`;
    const { events, error } = read([Buffer.from(`\n \r\n{"type":"ADDED","object":${object}}\r\n\n`)]);
    expect(error).toBeUndefined();
    expect(events.map(shown)).toEqual([`ADDED ${object}`]);
  });

  it("reads bookmarks, which are not objects", () => {
    const end = '"annotations":{"k8s.io/initial-events-end":"true"}';
    const { events } = read([
      Buffer.from(bookmark('"resourceVersion":"5","creationTimestamp":null')),
      Buffer.from(bookmark(`"resourceVersion":"6",${end}`)),
      ...['"false"', '"True"', "true", '"true "', "null"].map((value) =>
        Buffer.from(bookmark(`"resourceVersion":"7",${end.replace('"true"', value)}`)),
      ),
    ]);
    expect(events).toEqual([
      { type: "BOOKMARK", resourceVersion: "5", initialEventsEnd: false },
      { type: "BOOKMARK", resourceVersion: "6", initialEventsEnd: true },
      ...Array.from({ length: 5 }, () => ({ type: "BOOKMARK", resourceVersion: "7", initialEventsEnd: false })),
    ]);
  });

  it.each<readonly [text: unknown, told: object]>([
    ["2026-11-26T07:00:00.123Z", { heardAt: Date.UTC(2026, 10, 26, 7, 0, 0, 123) }],
    ["2026-11-26T07:00:00Z", { heardAt: Date.UTC(2026, 10, 26, 7) }],
    ["2026-11-26T07:00:00.1234567Z", { heardAt: Date.UTC(2026, 10, 26, 7, 0, 0, 123) }],
    ...["", "yesterday", "2026-11-26", "2026-13-26T07:00:00Z", "2026-11-26T07:00:00", "1767225600000", null, 5, {}].map(
      (nonsense) => [nonsense, {}] as const,
    ),
  ])("reads the last contact that a bookmark of another KRM tells: %j", (text, told) => {
    const annotations = `"annotations":{"krm.dev/last-contact":${JSON.stringify(text)}}`;
    const { events } = read([Buffer.from(bookmark(`"resourceVersion":"5",${annotations}`))]);
    expect(events).toStrictEqual([{ type: "BOOKMARK", resourceVersion: "5", initialEventsEnd: false, ...told }]);
  });

  it.each([
    ["with", 0, ["BOOKMARK 235 true"]],
    ["without", 2, []],
  ])("reads a streaming list that a kube-apiserver sent %s bookmarks", (_how, step, end) => {
    const file = new URL("../../testkit/golden/07-watch-initial-events.json", import.meta.url);
    const { steps } = JSON.parse(readFileSync(file, "utf8")) as { steps: { response: { stream: unknown[] } }[] };
    const lines = (steps[step]?.response.stream ?? []).map((line) => `${JSON.stringify(line)}\n`);
    const { events, error } = read(split(Buffer.from(lines.join("")), [1000, 7]));
    expect(error).toBeUndefined();
    expect(
      events.map((event) => {
        if (event.type === "BOOKMARK") return `BOOKMARK ${event.resourceVersion} ${event.initialEventsEnd}`;
        return "object" in event ? `${event.type} ${event.object.resourceVersion}` : event.type;
      }),
    ).toEqual([...[47, 66, 67, 68, 69, 215, 235, 70].map((version) => `ADDED ${version}`), ...end]);
  });

  it("reads the error inside a stream", () => {
    const status = '{"kind":"Status","status":"Failure","message":"too old","reason":"Expired","code":410}';
    expect(read([Buffer.from(`{"type":"ERROR","object":${status}}\n`)]).events).toEqual([
      { type: "ERROR", status: { code: 410, reason: "Expired", message: "too old", retryAfterSeconds: undefined } },
    ]);
  });

  it.each([
    ['{"type":"ADDED"}', "KRM_DECODE", "object is missing"],
    ["{}", "KRM_DECODE", "type is missing"],
    ["[]", "KRM_DECODE", 'where "{" is expected'],
    ['{"object":{}}', "KRM_DECODE", "type is missing"],
    ['{"type":{"toString":1},"object":{}}', "KRM_DECODE", "type is not a string"],
    [`{"type":["ADDED"],"object":{"metadata":${meta("1")}}}`, "KRM_DECODE", "type is not a string"],
    [`{"type":"SYNC","object":{"metadata":${meta("1")}}}`, "KRM_DECODE", 'unknown type "SYNC"'],
    [`{"type":"ADDED","type":"DELETED","object":{"metadata":${meta("1")}}}`, "KRM_DECODE", "a second type"],
    [`{"type":"ADDED","object":{"metadata":${meta("1")}},"object":{}}`, "KRM_DECODE", "a second object"],
    [`{"type":"ADDED","object":{"metadata":${meta("1")}}}}`, "KRM_DECODE", "the line goes on"],
    ['{"type":"BOOKMARK","object":null}', "KRM_DECODE", "a bookmark without"],
    ['{"type":"ERROR","object":{"code":410}}', "KRM_DECODE", "not a Status"],
    ['{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"x"}}}', "KRM_INVALID_RESOURCE_VERSION", '"x"'],
    [`{"type":"ADDED","object":{"metadata":${meta("x")}}}`, "KRM_INVALID_RESOURCE_VERSION", 'object "n/a"'],
  ])("refuses %s", (line, code, why) => {
    const { events, error } = read([Buffer.from(`${line}\n`)]);
    expect(events).toEqual([]);
    expect(error).toMatchObject({ code, message: expect.stringContaining(why) as string });
  });

  it("takes no frame longer than it was told, wherever it is split", () => {
    const long = Buffer.from(frame("ADDED", "1"));
    const exact = { maxFrameBytes: long.length - 1 };
    expect(read(split(long, [7]), new WatchDecoder(exact)).events).toHaveLength(1);
    for (const how of [[7], [1000]]) {
      const { error } = read(split(long, how), new WatchDecoder({ maxFrameBytes: long.length - 2 }));
      expect(error).toMatchObject({
        code: "KRM_DECODE",
        message: `a watch frame is longer than ${long.length - 2} bytes`,
      });
    }
    const endless = new WatchDecoder({ maxFrameBytes: 100 });
    expect(endless.push(Buffer.alloc(101, " "))).toEqual([]);
    expect(endless.error?.code).toBe("KRM_DECODE");
  });

  it("keeps nothing of a chunk", () => {
    const decoder = new WatchDecoder();
    const bytes = Buffer.from(frame("ADDED", "1"));
    const chunk = Buffer.alloc(10);
    const events: WatchEvent[] = [];
    for (let at = 0; at < bytes.length; at += 10) {
      const size = bytes.copy(chunk, 0, at, at + 10);
      events.push(...decoder.push(chunk.subarray(0, size)));
      chunk.fill(0xff);
    }
    expect(events.map(shown)).toEqual([`ADDED {"metadata":${meta("1")}}`]);
  });
});

describe("decodeListPage", () => {
  it("gives the items of any list, byte for byte", () => {
    fc.assert(
      fc.property(fc.array(anyObject, { maxLength: 5 }), fc.nat(), fc.boolean(), (trees, seed, metaFirst) => {
        const space = spaces(seed);
        const items = `"items"${space()}:${space()}[${trees.map((tree) => space() + render(tree, space) + space()).join(",")}]`;
        const metadata = '"metadata":{"resourceVersion":"900719925474099300","continue":"x.y","remainingItemCount":3}';
        const parts = metaFirst ? [metadata, items] : [items, metadata];
        const body = Buffer.from(`${space()}{"kind":"PodList",${space()}${parts.join(",")}${space()}}\n`);
        const page = decodeListPage(body);
        expect(page).toMatchObject({
          resourceVersion: "900719925474099300",
          continue: "x.y",
          remainingItemCount: 3,
          bytes: body.length,
        });
        expect(page.items.map((item) => squeeze(Buffer.from(item.bytes).toString()))).toEqual(
          trees.map((tree) => render(prune(tree, DEFAULT_CUTS))),
        );
      }),
      { numRuns: 1000, seed: 21 },
    );
  });

  it("takes null for no items, and an empty token for none", () => {
    const page = decodeListPage(Buffer.from('{"metadata":{"resourceVersion":"1","continue":""},"items":null}'));
    expect(page).toEqual({
      resourceVersion: "1",
      items: [],
      continue: undefined,
      remainingItemCount: undefined,
      bytes: 63,
    });
  });

  it("leaves a list whose versions cannot be ordered to the caller, but not a mixed one", () => {
    expect(decodeListPage(listOf("v-9", "v-1")).items[0]).toMatchObject({ key: "n/a", resourceVersion: "v-1" });
    expect(() => decodeListPage(listOf("9", "v-1"))).toThrow(
      expect.objectContaining({ code: "KRM_INVALID_RESOURCE_VERSION" }),
    );
  });

  it("knows of a body cut off at any byte", () => {
    const body = Buffer.from(
      `{"metadata":{"resourceVersion":"1"},"items":[{"metadata":${meta("1")}},{"metadata":${meta("2", "漢")}}]}`,
    );
    expect(decodeListPage(body).items).toHaveLength(2);
    for (let cut = 0; cut < body.length; cut++) {
      expect(() => decodeListPage(body.subarray(0, cut))).toThrow(expect.objectContaining({ code: "KRM_DECODE" }));
    }
  });

  it.each([
    ["{}", "metadata is missing"],
    ['{"items":[]}', "metadata is missing"],
    ['{"metadata":{"resourceVersion":"1"}}', "items are missing"],
    ['{"metadata":null,"items":[]}', "metadata is not an object"],
    ['{"metadata":{},"items":{}}', "items are not an array"],
    ['{"metadata":{},"items":[],"items":[]}', "a second items"],
    ['{"metadata":{},"items":[]} {}', "the text goes on"],
    ['{"metadata":{},"items":[{}]}', "metadata is missing, at byte 24 of 28"],
    ['{"metadata":{},"items":[null]}', "not an object"],
  ])("refuses %s", (text, why) => {
    expect(() => decodeListPage(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: "KRM_DECODE", message: expect.stringContaining(why) as string }),
    );
  });
});

describe("decodeStatus", () => {
  it("reads what the API server says", () => {
    const status = {
      kind: "Status",
      code: 429,
      reason: "TooManyRequests",
      message: "slow",
      details: { retryAfterSeconds: 3 },
    };
    expect(decodeStatus(Buffer.from(JSON.stringify(status)))).toEqual({
      code: 429,
      reason: "TooManyRequests",
      message: "slow",
      retryAfterSeconds: 3,
    });
  });

  it.each(["<html>", "null", '{"kind":"Status"}', '{"code":410}'])("refuses %s", (text) => {
    expect(() => decodeStatus(Buffer.from(text))).toThrow(expect.objectContaining({ code: "KRM_DECODE" }));
  });
});
