import { KrmError } from "@krm/core";
import { SeededRandom } from "@krm/testkit";
import { type InfluxDbServer, withInfluxDb } from "@krm/testkit/servers";
import { describe, expect, test } from "vitest";
import { type FieldValue, line } from "../../src/influx/index.ts";

type Tags = Readonly<Record<string, string | undefined>>;
type Fields = Readonly<Record<string, FieldValue | undefined>>;

describe("a line", () => {
  const cases: readonly (readonly [string, string, Tags, Fields, string | undefined])[] = [
    [
      "of the docs",
      "weather",
      { location: "us-midwest" },
      { temperature: 82 },
      "weather,location=us-midwest temperature=82 1",
    ],
    ["without tags", "m", {}, { v: 1 }, "m v=1 1"],
    ["with several fields", "m", { a: "1", b: "2" }, { x: 1, y: 2 }, "m,a=1,b=2 x=1,y=2 1"],
    ["with a comma and a space in the measurement", "wea, ther", {}, { v: 1 }, String.raw`wea\,\ ther v=1 1`],
    ["whose measurement keeps its equals sign", "a=b", {}, { v: 1 }, "a=b v=1 1"],
    ["with special characters in tags", "m", { "a, =": "b, =" }, { v: 1 }, String.raw`m,a\,\ \==b\,\ \= v=1 1`],
    ["with special characters in a field's name", "m", {}, { "a, =": 1 }, String.raw`m a\,\ \==1 1`],
    ["with quotes in a tag", "m", { t: '"q"' }, { v: 1 }, 'm,t="q" v=1 1'],
    ["with quotes and backslashes in a text", "m", {}, { v: 'a"b\\c' }, String.raw`m v="a\"b\\c" 1`],
    ["with a text that ends with a backslash", "m", {}, { v: "a\\" }, String.raw`m v="a\\" 1`],
    ["with an empty text", "m", {}, { v: "" }, 'm v="" 1'],
    ["with line breaks in a text", "m", {}, { v: "a\nb\r\tc" }, String.raw`m v="a\\nb\\r\\tc" 1`],
    ["with line breaks in names", "m\n", { "t\n": "a\tb" }, { "v\r": 1 }, String.raw`m\n,t\n=a\tb v\r=1 1`],
    ["with backslashes at the end of names", "m\\", { "t\\\\": "a\\" }, { "v\\": 1 }, "m,t=a v=1 1"],
    [
      "with backslashes before what is escaped",
      "m\\, ",
      { "t\\=": "a\\\\ b" },
      { "v\\,": 1 },
      String.raw`m\,\ ,t\==a\ b v\,=1 1`,
    ],
    ["with a backslash within", "m\\x", { "t\\x": "a\\x" }, { v: 1 }, String.raw`m\x,t\x=a\x v=1 1`],
    ["without empty and undefined tags", "m", { a: "", b: undefined, c: "\\", d: "d" }, { v: 1 }, "m,d=d v=1 1"],
    ["with floats", "m", {}, { a: 1, b: -0.5, c: 1e21, d: 5e-324 }, "m a=1,b=-0.5,c=1e+21,d=5e-324 1"],
    ["with booleans", "m", {}, { a: true, b: false }, "m a=true,b=false 1"],
    [
      "with integers",
      "m",
      {},
      { a: { integer: -3 }, b: { integer: 2n ** 63n - 1n }, c: { integer: -(2n ** 63n) }, d: { integer: 2 ** 60 } },
      "m a=-3i,b=9223372036854775807i,c=-9223372036854775808i,d=1152921504606846976i 1",
    ],
    [
      "without what is no value",
      "m",
      {},
      {
        a: Number.NaN,
        b: Number.POSITIVE_INFINITY,
        c: undefined,
        d: { integer: 1.5 },
        e: { integer: 2n ** 63n },
        f: { integer: Number.NaN },
        g: { integer: -(2 ** 64) },
        v: 1,
      },
      "m v=1 1",
    ],
    ["is none without a field", "m", { a: "b" }, {}, undefined],
    ["is none without a value", "m", {}, { v: Number.NaN }, undefined],
    ["with other alphabets", "µ", { ключ: "значение" }, { 値: "🙂" }, 'µ,ключ=значение 値="🙂" 1'],
  ];
  test.each(cases)("%s", (_, measurement, tags, fields, expected) => {
    expect(line(measurement, tags, fields, 1n)).toBe(expected);
    expect(line(measurement, tags, fields, "1")).toBe(expected);
  });

  test.each([
    ["a measurement", () => line("", {}, { v: 1 }, 1n)],
    ["a measurement", () => line("\\\\", {}, { v: 1 }, 1n)],
    ["a tag", () => line("m", { "": "x" }, { v: 1 }, 1n)],
    ["a field", () => line("m", {}, { "\\": 1 }, 1n)],
  ])("refuses %s without a name", (what, make) => {
    expect(make).toThrow(
      expect.toSatisfy((error) => KrmError.is(error, "KRM_INVALID_ARGUMENT") && error.message.startsWith(what)),
    );
  });
});

withInfluxDb(process.env, (influx) => {
  const SEED = 20_261_126;
  const POINTS = 600;

  test(`is read back by a real InfluxDB as it was given (seed ${SEED})`, async () => {
    await using server = await influx.start();
    await server.query("CREATE DATABASE krm");
    const random = new SeededRandom(SEED);
    const points = Array.from({ length: POINTS }, (_, index) => randomPoint(random, index));
    const body = points.map(({ measurement, tags, fields, ns }) => line(measurement, tags, fields, ns)).join("\n");
    expect(body.split("\n")).toHaveLength(POINTS);
    const answer = await fetch(`${server.url}/write?db=krm&precision=ns`, { method: "POST", body });
    expect(await answer.text()).toBe("");
    expect(answer.status).toBe(204);
    expect(await readBack(server)).toEqual(points.map(expected));
  });

  test("brings the largest integers over", async () => {
    await using server = await influx.start();
    await server.query("CREATE DATABASE krm");
    const body = line("m", {}, { most: { integer: 2n ** 63n - 1n }, least: { integer: -(2n ** 63n) } }, 1n);
    await fetch(`${server.url}/write?db=krm`, { method: "POST", body });
    const answer = await fetch(`${server.url}/query?db=krm&q=${encodeURIComponent("SELECT most, least FROM m")}`);
    expect(await answer.text()).toContain("9223372036854775807,-9223372036854775808");
  });
});

interface Point {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, FieldValue>>;
  readonly ns: bigint;
}

const NASTY = [..."ab,= \\\"'\n\r\t\\,=# \u{e9}\u{1f642}{}[]()/:;!?*$%&@^~`|<>+-_.0"];
const nasty = (random: SeededRandom, most: number): string =>
  Array.from({ length: random.integer(0, most) }, () => random.pick(NASTY)).join("");

function randomPoint(random: SeededRandom, index: number): Point {
  const tags: Record<string, string> = {};
  for (let count = random.integer(0, 3); count > 0; count--) tags[`t${count}${nasty(random, 4)}`] = nasty(random, 6);
  // A field has one type for ever: it stands in its name.
  const fields: Record<string, FieldValue> = { v: index };
  for (let count = random.integer(0, 4); count > 0; count--) {
    const type = random.pick(["f", "i", "s", "b"] as const);
    fields[`${type}${count}${nasty(random, 4)}`] = {
      f: (random.next() - 0.5) * 10 ** random.integer(-20, 20),
      i: { integer: random.integer(-1_000_000, 1_000_000) },
      s: nasty(random, 12),
      b: random.chance(0.5),
    }[type];
  }
  return { measurement: `m${nasty(random, 3)}`, tags, fields, ns: BigInt(index + 1) };
}

const oneLine = (text: string): string => text.replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t");
/** What is left of a name: see `line`. */
const name = (text: string): string => oneLine(text.replaceAll(/\\+(?=[,= "]|$)/g, ""));

function expected({ measurement, tags, fields }: Point): unknown {
  const kept = Object.entries(tags).map(([key, value]) => [name(key), name(value)]);
  return {
    measurement: name(measurement),
    tags: Object.fromEntries(kept.filter(([, value]) => value !== "")),
    fields: Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [
        name(key),
        typeof value === "string" ? oneLine(value) : typeof value === "object" ? Number(value.integer) : value,
      ]),
    ),
  };
}

/** All points, in order of time. */
async function readBack(server: InfluxDbServer): Promise<readonly unknown[]> {
  const points: [number, unknown][] = [];
  for (const { name, tags = {}, columns, values = [] } of await server.query("SELECT * FROM /.*/ GROUP BY *", {
    db: "krm",
  })) {
    for (const [time, ...row] of values) {
      const fields = row.map((value, index) => [columns[index + 1], value] as const);
      const point = {
        measurement: name,
        tags: Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== "")),
        fields: Object.fromEntries(fields.filter(([, value]) => value !== null)),
      };
      points.push([Number(/\.(\d+)Z/.exec(String(time))?.[1]?.padEnd(9, "0") ?? 0), point]);
    }
  }
  return points.toSorted(([a], [b]) => a - b).map(([, point]) => point);
}
