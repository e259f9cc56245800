// Where a version is gone on from, against brute force: everyone who can hold it must get all that they do not know.
import type { ResourceVersion } from "@krm/core";
import { SeededRandom } from "@krm/testkit";
import { describe, expect, test } from "vitest";
import { EventLog, type LogBounds } from "../../src/watch/event-log.ts";
import type { RingEvent } from "../../src/watch/watch-event.ts";
import { thing } from "./support.ts";

const BOUNDS: LogBounds = { events: 1000, bytes: 1e9, ageMs: 1e9 };

function event(version: number): RingEvent {
  return {
    type: "MODIFIED",
    version: String(version) as ResourceVersion,
    object: thing("a", version),
    previous: undefined,
  };
}

/** The numbers of the events that whoever holds a version is told; "too-old", "ahead". */
function after(log: EventLog, version: number): string {
  const place = log.locate(String(version));
  return place.type === "next" ? `from ${place.next}` : place.type;
}

describe("whoever holds a version goes on", () => {
  const log = new EventLog("10", { isNews: true, bounds: BOUNDS });
  for (const version of [12, 15, 11, 20]) log.append(event(version), 0);
  log.pass("30", 0);
  log.append(event(25), 0);

  test.each([
    [9, "too-old"],
    [10, "from 0"],
    [11, "from 0"],
    [12, "from 1"],
    [13, "from 1"],
    [15, "from 2"],
    [17, "from 3"],
    [20, "from 4"],
    [26, "from 4"],
    [30, "from 4"],
    [31, "ahead"],
  ])("%i: %s", (version, expected) => {
    expect(after(log, version)).toBe(expected);
  });
});

test("a version that a repair followed before the log began is not gone on from", () => {
  const log = new EventLog("10", { isNews: false, bounds: BOUNDS });
  expect(log.locate("10")).toEqual({ type: "too-old", oldest: "11" });
  log.pass("12", 0);
  expect([after(log, 11), after(log, 12)]).toEqual(["from 0", "from 0"]);
});

test("the state before an event counts, unless it is the very same", () => {
  const object = thing("a", 11);
  const size = object.bytes.byteLength;
  const kept = (previous: RingEvent["previous"]): number => {
    const log = new EventLog("10", { isNews: true, bounds: { ...BOUNDS, bytes: 4 * size } });
    for (let i = 0; i < 8; i++) log.append({ ...event(11 + i), object, previous }, 0);
    return log.next - log.first;
  };
  expect([kept(undefined), kept(object), kept(thing("a", 10))]).toEqual([4, 4, 2]);
});

test("versions of any length", () => {
  const log = new EventLog("99999999999999999999", { isNews: true, bounds: BOUNDS });
  log.append({ ...event(1), version: "100000000000000000000" as ResourceVersion }, 0);
  expect(log.locate("99999999999999999999")).toEqual({ type: "next", next: 0 });
  expect(log.locate("100000000000000000000")).toEqual({ type: "next", next: 1 });
});

test("random histories: nobody misses anything, and nobody is refused without need", () => {
  const wrong: string[] = [];
  for (let seed = 0; seed < 400; seed++) {
    const random = new SeededRandom(seed);
    const bounds = {
      events: random.integer(1, 30),
      bytes: random.chance(0.3) ? 700 : 1e9,
      ageMs: random.integer(5, 100),
    };
    const start = 10;
    const log = new EventLog(String(start), { isNews: true, bounds });
    /** Who holds a version, at the least: how many events they have had. */
    const knows = new Map<number, number>([[start, 0]]);
    const heard = (version: number, count: number): void => {
      if (!knows.has(version)) knows.set(version, count);
    };
    let told = start;
    let count = 0;
    for (let step = 1; step < 60; step++) {
      if (random.chance(0.3)) {
        told += random.integer(0, 3);
        log.pass(String(told), step);
        heard(told, count);
      } else {
        const version = random.chance(0.3) ? random.integer(1, told) : told + random.integer(1, 4);
        log.append(event(version), step);
        heard(version, ++count);
        told = Math.max(told, version);
      }
      for (const [version, known] of knows) {
        const place = log.locate(String(version));
        const where = `seed ${seed}, step ${step}, version ${version}`;
        if (place.type === "ahead") wrong.push(`${where}: ahead`);
        else if (place.type === "next") {
          if (place.next > known) wrong.push(`${where}: ${place.next} is behind ${known}`);
          if (log.read(place.next, 1000)?.length !== count - place.next) wrong.push(`${where}: not all is kept`);
        } else {
          // The first place at which it, or a newer one, was told.
          const earliest = Math.min(...[...knows].filter(([other]) => other >= version).map(([, had]) => had));
          if (earliest > log.first) wrong.push(`${where}: refused, though all behind ${earliest} is kept`);
          if (Number(place.oldest) <= version) wrong.push(`${where}: refused for ${place.oldest}`);
        }
      }
      if (after(log, told + 1) !== "ahead" || log.next !== count) wrong.push(`seed ${seed}, step ${step}: the end`);
      if (log.read(log.first - 1, 1) !== undefined) wrong.push(`seed ${seed}, step ${step}: the beginning`);
    }
  }
  expect(wrong).toEqual([]);
});
