import { SeededRandom } from "@krm/testkit";
import { describe, expect, test } from "vitest";
import { certainOffsetMs, type ClockOffset, clockOffsetText } from "../src/model/clock-offset.ts";
import { ClockOffsetEstimator, type Moment } from "../src/model/clock-offset-estimator.ts";

const START = Date.UTC(2026, 0, 1);
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Our two clocks, and API servers whose clocks are so many milliseconds ahead of ours. */
class World {
  readonly estimator = new ClockOffsetEstimator();
  readonly random: SeededRandom;
  #monotonic = 5000.25;
  /** By how much our wall clock was set. */
  #set = 0;

  constructor(seed: number | string) {
    this.random = new SeededRandom(seed);
  }

  /** Our clocks as we read them: the wall clock in whole milliseconds, rounded down. */
  get now(): Moment {
    return { wall: Math.floor(this.exact), monotonic: this.#monotonic };
  }

  /** Our wall clock without rounding. */
  get exact(): number {
    return START + this.#monotonic + this.#set;
  }

  pass(ms: number): void {
    this.#monotonic += ms;
  }

  setBy(ms: number): void {
    this.#set += ms;
  }

  /** One answer of a server whose clock is `offset` ahead; how long the way there, and back, takes is by chance. */
  answer(offset: number, slowest = 400): void {
    const sent = this.now;
    this.pass(this.random.next() * slowest);
    const date = Math.floor((this.exact + offset) / SECOND) * SECOND;
    this.pass(this.random.next() * slowest);
    this.estimator.add({ date, sent, received: this.now });
  }

  /** Answers, one each time after up to `pause`. */
  answers(count: number, pause: number, offset: number | (() => number), slowest?: number): void {
    for (let n = 0; n < count; n++) {
      this.pass(this.random.next() * pause);
      this.answer(typeof offset === "number" ? offset : offset(), slowest);
    }
  }

  read(): ClockOffset {
    const offset = this.estimator.read(this.now);
    if (offset === undefined) throw new Error("nothing is known");
    return offset;
  }
}

function holds({ lowMs, highMs }: ClockOffset, offset: number): boolean {
  return lowMs <= offset && offset <= highMs;
}

describe("the offset of the API server's clock", () => {
  test("is not known before an answer", () => {
    expect(new ClockOffsetEstimator().read({ wall: START, monotonic: 0 })).toBeUndefined();
  });

  test("is bounded by one answer to its second and the time that it took", () => {
    const estimator = new ClockOffsetEstimator();
    const sent = { wall: START, monotonic: 0 };
    const received = { wall: START + 200, monotonic: 200 };
    estimator.add({ date: START + 3000, sent, received });
    // 2.8 s to 4 s; 1 ms more, since our own clock is read in whole milliseconds, and rounded outwards.
    expect(estimator.read(received)).toEqual({ lowMs: 2798, highMs: 4001, samples: 1, at: START + 200 });
  });

  test.each(Array.from({ length: 200 }, (_, seed) => seed))(
    "lies within the bounds, whatever the latencies (seed %i)",
    (seed) => {
      const world = new World(seed);
      const offset = (world.random.next() - 0.5) * 20_000;
      const pause = world.random.pick([50, 2000, 30_000, 600_000]);
      const slowest = world.random.pick([1, 50, 3000]);
      for (let n = 0; n < 150; n++) {
        world.answers(1, pause, offset, slowest);
        const found = world.read();
        if (!holds(found, offset)) throw new Error(`${JSON.stringify(found)} does not hold ${offset}`);
      }
    },
  );

  test.each(Array.from({ length: 50 }, (_, seed) => seed))(
    "lies within the bounds while the clocks drift apart by 100 millionths (seed %i)",
    (seed) => {
      const world = new World(`drift/${seed}`);
      const from = (world.random.next() - 0.5) * 5000;
      const rate = (world.random.next() - 0.5) * 2e-4;
      const offset = (): number => from + rate * world.now.monotonic;
      for (let n = 0; n < 150; n++) {
        world.answers(1, 60_000, offset, 100);
        world.pass(world.random.next() * 10_000);
        expect(holds(world.read(), offset())).toBe(true);
      }
    },
  );

  test("is bounded more closely with more answers, down to a few hundredths of a second", () => {
    const widths = [1, 4, 16, 64].map((count) => {
      const world = new World("narrower");
      world.answers(count, 8000, 1234, 10);
      const { lowMs, highMs, samples } = world.read();
      expect(samples).toBe(count);
      return highMs - lowMs;
    });
    expect(widths).toEqual(widths.toSorted((a, b) => b - a));
    expect(widths[0]).toBeGreaterThan(1000);
    expect(widths[3]).toBeLessThan(150);
  });

  test("is not bounded less closely by many answers at once, nor by slow ones", () => {
    const world = new World("burst");
    world.answers(60, 8000, -700, 10);
    const before = world.read();
    for (let n = 0; n < 500; n++) world.answer(-700, 0.1);
    world.answers(5, 1, -700, 10_000);
    const { lowMs, highMs } = world.read();
    // What the clocks may have drifted apart meanwhile.
    expect(highMs - lowMs).toBeLessThan(before.highMs - before.lowMs + 30);
  });

  test("gets wider again while nobody answers, and is not known after half an hour", () => {
    const world = new World("silence");
    world.answers(30, 8000, 0, 10);
    const before = world.read();
    world.pass(10 * MINUTE);
    const later = world.read();
    expect(later.at).toBe(before.at);
    expect(before.lowMs - later.lowMs).toBeGreaterThanOrEqual(59);
    expect(later.highMs - before.highMs).toBeGreaterThanOrEqual(59);
    world.pass(20 * MINUTE);
    expect(world.estimator.read(world.now)).toBeUndefined();
  });

  describe("when a clock is set", () => {
    test("ours: begins anew at once", () => {
      const world = new World("ours");
      world.answers(40, 8000, 0);
      world.setBy(-5000);
      expect(world.estimator.read(world.now)).toBeUndefined();
      world.answer(5000);
      expect(world.read()).toMatchObject({ samples: 1 });
      expect(holds(world.read(), 5000)).toBe(true);
    });

    test("ours, while an answer was on its way: that one says nothing", () => {
      const world = new World("on its way");
      world.answers(3, 8000, 0);
      const sent = world.now;
      world.pass(20);
      world.setBy(60_000);
      world.estimator.add({ date: Math.floor(world.exact / SECOND) * SECOND, sent, received: world.now });
      expect(world.estimator.read(world.now)).toBeUndefined();
    });

    test.each([5000, -5000, 400])(
      "the API server's, by %i ms: both within the bounds, then the new one alone",
      (by) => {
        const world = new World(`theirs/${by}`);
        world.answers(64, 9000, 0, 20);
        let heard = 0;
        for (; heard < 64; heard++) {
          world.pass(10_000 + world.random.next() * 1000);
          world.answer(by, 20);
          // So little is found out once an answer shows that it cannot be of the old one.
          if (heard >= 10 || Math.abs(by) > 1000) expect(holds(world.read(), by)).toBe(true);
          if (heard === 32) expect(holds(world.read(), 0)).toBe(true);
        }
        const { lowMs, highMs } = world.read();
        expect(highMs - lowMs).toBeLessThan(300);
      },
    );

    test("the API server's, where answers are rare: within half an hour", () => {
      const world = new World("rare");
      world.answers(20, 5 * MINUTE, 0, 20);
      for (let n = 0; n < 8; n++) {
        world.pass(4 * MINUTE);
        world.answer(-3000, 20);
      }
      expect(certainOffsetMs(world.read())).toBeLessThan(-2000);
    });
  });

  describe("where several API servers answer whose clocks differ", () => {
    test.each([
      { by: 3000, seed: 1 },
      { by: 3000, seed: 2 },
      { by: 1200, seed: 3 },
      { by: 400, seed: 4 },
      { by: 400, seed: 5 },
    ])("the bounds hold both, and keep to them ($by ms apart, seed $seed)", ({ by, seed }) => {
      const world = new World(`several/${seed}`);
      const either = (): number => (world.random.chance(0.5) ? 0 : by);
      world.answers(100, 8000, either, 50);
      for (let n = 0; n < 300; n++) {
        world.answers(1, 8000, either, 50);
        const found = world.read();
        expect(holds(found, 0) && holds(found, by)).toBe(true);
        // No further out than one answer alone can be.
        expect(found.lowMs).toBeGreaterThan(-1000 - 100 - 150);
        expect(found.highMs).toBeLessThan(by + 1000 + 100 + 150);
      }
    });

    test("also where one of them answers for minutes on end", () => {
      const world = new World("in turn");
      for (let turn = 0; turn < 20; turn++) {
        world.answers(30, 8000, turn % 2 === 0 ? 0 : 3000, 50);
        if (turn > 0) expect([0, 3000].map((offset) => holds(world.read(), offset))).toEqual([true, true]);
      }
    });

    test("nothing is certain that holds of one only", () => {
      const world = new World("one only");
      world.answers(100, 8000, () => world.random.pick([-4000, 0, 4000]), 50);
      expect(certainOffsetMs(world.read())).toBe(0);
    });
  });
});

describe("certainOffsetMs", () => {
  test.each([
    [2000, 3000, 2000],
    [-3000, -2500, -2500],
    [-10, 3000, 0],
    [0, 0, 0],
  ])("of %i to %i is %i", (lowMs, highMs, certain) => {
    expect(certainOffsetMs({ lowMs, highMs })).toBe(certain);
  });
});

describe("clockOffsetText", () => {
  test.each([
    [2900, 3100, "3.0 s ahead of ours (±0.1 s)"],
    [-3010, -2990, "3.0 s behind ours (±0.1 s)"],
    [1500, 4000, "2.8 s ahead of ours (±1.3 s)"],
    [7_200_000, 7_200_400, "7200.2 s ahead of ours (±0.2 s)"],
  ])("of %i to %i", (lowMs, highMs, text) => {
    expect(clockOffsetText({ lowMs, highMs })).toBe(text);
  });
});
