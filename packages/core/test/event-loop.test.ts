import { describe, expect, test } from "vitest";
import { type DelayHistogram, StaggeredLag, systemEventLoop } from "../src/ports/event-loop.ts";

const SECOND = 1000;

/** What the event loop did, as Node.js tells it: intervals between two timers that are set for 50 ms each. */
class FakeHistogram implements DelayHistogram {
  #intervals: number[] = [];
  enabled = false;

  enable(): void {
    this.enabled = true;
  }

  heldUp(ms: number): void {
    this.#intervals.push(50 + ms);
  }

  reset(): void {
    this.#intervals = [];
  }

  get max(): number {
    return Math.max(0, ...this.#intervals) * 1e6;
  }

  percentile(percent: number): number {
    const sorted = this.#intervals.toSorted((a, b) => a - b);
    return (sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? 0) * 1e6;
  }
}

interface Loop {
  readonly lag: StaggeredLag;
  pass(ms: number): void;
  heldUp(ms: number): void;
}

function loop(): Loop {
  let now = 0;
  const made: FakeHistogram[] = [];
  const make = (): FakeHistogram => {
    const histogram = new FakeHistogram();
    made.push(histogram);
    return histogram;
  };
  const lag = new StaggeredLag(make, () => now);
  return {
    lag,
    pass: (ms) => void (now += ms),
    heldUp: (ms) => made.forEach((histogram) => histogram.heldUp(ms)),
  };
}

describe("the lag of the event loop", () => {
  test("is none before anything was measured", () => {
    expect(loop().lag.read()).toEqual({ p99Ms: 0, maxMs: 0 });
  });

  test("is by how much timers were late, and not how long they were set for", () => {
    const { lag, heldUp } = loop();
    lag.read();
    for (let n = 0; n < 198; n++) heldUp(2);
    heldUp(40);
    heldUp(300);
    expect(lag.read()).toEqual({ p99Ms: 2, maxMs: 300 });
  });

  test("tells every reader: reading takes nothing away from the next one", () => {
    const { lag, heldUp, pass } = loop();
    lag.read();
    heldUp(300);
    for (let n = 0; n < 6; n++) {
      pass(9 * SECOND);
      expect(lag.read().maxMs).toBe(300);
    }
  });

  test("is of the last minute at least, and of the last two at most", () => {
    const { lag, heldUp, pass } = loop();
    const seen: number[] = [];
    lag.read();
    pass(45 * SECOND);
    heldUp(300);
    for (let age = 0; age < 150; age += 10) {
      if (lag.read().maxMs === 300) seen.push(age);
      pass(10 * SECOND);
    }
    expect(seen.at(-1)).toBeGreaterThanOrEqual(60);
    expect(seen.at(-1)).toBeLessThan(120);
    expect(seen).toEqual(Array.from(seen, (_, index) => index * 10));
  });

  test("is of the time since the reading before, where that is longer ago", () => {
    const { lag, heldUp, pass } = loop();
    lag.read();
    pass(300 * SECOND);
    lag.read();
    pass(10 * SECOND);
    heldUp(500);
    pass(290 * SECOND);
    expect(lag.read().maxMs).toBe(500);
    pass(300 * SECOND);
    lag.read();
    pass(300 * SECOND);
    expect(lag.read().maxMs).toBe(0);
  });
});

test("the lag of this process is measured from the first reading on", () => {
  const { p99Ms, maxMs } = systemEventLoop.read();
  expect([p99Ms >= 0, maxMs >= p99Ms]).toEqual([true, true]);
});
