import { setImmediate as nextTurn } from "node:timers/promises";
import { SeededRandom } from "@krm/testkit";
import { expect, test } from "vitest";
import type { InfluxOverflow } from "../../src/influx/index.ts";
import { type FakeAnswer, FakeInflux } from "./support/fake-influx.ts";
import { type RunningWriter, runningWriter } from "./support/running-writer.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const SEEDS = Array.from({ length: 24 }, (_, seed) => seed);
const SEGMENT = 20;
const BUFFER = { lines: 60, bytes: 2000 };

/** Anything that a database and a network do. Lines that say so are refused by any that answers. */
function anyAnswer(random: SeededRandom, lines: readonly string[]): FakeAnswer {
  const kind = random.weighted({ fine: 6, busy: 1, down: 1, cut: 1, within: 1, hang: 1, login: 1 });
  switch (kind) {
    case "busy":
      return { status: 429, headers: { "retry-after": String(random.integer(0, 5)) } };
    case "down":
      return { status: random.pick([500, 502, 503]) };
    case "cut":
      return "cut";
    case "within":
      return "cut-within";
    case "hang":
      return "hang";
    case "login":
      return { status: 401 };
    default:
      return soundAnswer(lines);
  }
}

function soundAnswer(lines: readonly string[]): FakeAnswer {
  if (lines.length > 15) return { status: 413 };
  if (lines.some((line) => line.startsWith("bad"))) return { status: 400, body: '{"error":"unable to parse"}' };
  return { status: 204 };
}

// What must hold of every history: each line is written, refused or dropped, and counted as one of them; lines are written
// in order; each offer settles once, in order; memory stays within its bounds.
test.each(SEEDS)("a history of offers and failures, over two writers (seed %i)", async (seed) => {
  await using fake = await FakeInflux.start();
  using folder = temporaryFolder();
  const random = new SeededRandom(seed);
  const spills = seed % 2 === 0;
  const overflow: InfluxOverflow = spills
    ? { type: "spill", folder: folder.path, maxBytes: seed % 4 === 0 ? 1_000_000 : 3000 }
    : { type: "drop-oldest" };
  let sound = false;
  fake.onWrite = ({ lines }) => (sound ? soundAnswer(lines) : anyAnswer(random, lines));
  const start = (): RunningWriter =>
    runningWriter(fake.url, {
      batchLines: SEGMENT,
      buffer: BUFFER,
      overflow,
      random: () => random.next(),
      graceMs: 3000,
    });

  let lines = 0;
  let counted = 0;
  /** Refused, dropped, or in memory when the first writer ended. */
  let gone = 0;
  for (const last of [false, true]) {
    const run = start();
    let offers = 0;
    let closing = false;
    const settled: number[] = [];
    const offer = (): void => {
      const batch = Array.from({ length: random.integer(0, 12) }, () => {
        const number = lines++;
        return `${random.chance(0.03) ? "bad" : "m"} v=${number} ${number}`;
      });
      const name = offers++;
      run.writer.offer(batch, () => {
        settled.push(name);
        // As a collector may that has waited for room.
        if (!closing && random.chance(0.2)) offer();
      });
    };
    for (let step = 0; step < 150; step++) {
      if (random.chance(0.4)) offer();
      if (random.chance(0.3)) await run.clock.advanceToNext();
      for (let turns = random.integer(0, 4); turns > 0; turns--) await nextTurn();
      const { waiting } = run.writer.report;
      expect(waiting.lines).toBeLessThanOrEqual(BUFFER.lines * (spills ? 2 : 1) + SEGMENT);
      expect(settled).toEqual(settled.map((_, index) => index));
    }
    sound = last;
    if (last) {
      // Whatever is under way ends by the clock.
      let flushed = false;
      void run.writer.flush().then(() => (flushed = true));
      for (;;) {
        const { waiting, spilled } = run.writer.report;
        if (flushed && waiting.lines === 0 && spilled.lines === 0) break;
        await run.clock.advanceToNext();
        await nextTurn();
      }
    }
    closing = true;
    let ended = false;
    void run.end().then(() => (ended = true));
    while (!ended) {
      await run.clock.advanceToNext();
      await nextTurn();
    }
    const { written, refused, dropped, waiting, spilled } = run.writer.report;
    gone += refused.unparseable + dropped + waiting.lines;
    counted += written;
    if (last) expect([waiting.lines, spilled.lines]).toEqual([0, 0]);
    if (waiting.lines === 0) expect(settled).toHaveLength(offers);
    expect(run.clock.pending).toBe(0);
  }
  // A segment of which the first writer had sent a part was sent whole by the second.
  expect(counted + gone).toBeGreaterThanOrEqual(lines);
  expect(counted + gone).toBeLessThanOrEqual(lines + (spills ? SEGMENT : 0));
  // What took too long in the writer's eyes is sent again: only the first time of each counts.
  const numbers = [...new Set(fake.written.map((line) => Number(line.split(" ").at(-1))))];
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(lines - numbers.length).toBeLessThanOrEqual(gone);
  expect(fake.written.some((line) => line.startsWith("bad"))).toBe(false);
});
