import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeInflux } from "./support/fake-influx.ts";
import { runningWriter, someLines } from "./support/running-writer.ts";

let fake: FakeInflux;
beforeEach(async () => {
  fake = await FakeInflux.start();
});
afterEach(() => fake[Symbol.asyncDispose]());

describe("when the buffer is full", () => {
  test("whole offers are dropped, oldest first, counted, and told when it begins and when it is over", async () => {
    fake.onWrite = () => ({ status: 503 });
    await using run = runningWriter(fake.url, { batchLines: 10, buffer: { lines: 25, bytes: 10_000 } });
    for (let index = 0; index < 6; index++) run.offer(String(index), someLines(7, 7 * index));
    await Promise.resolve();
    expect(run.settled).toEqual(["0", "1", "2"]);
    await run.pause();
    expect(run.writer.report).toMatchObject({ dropped: 21, waiting: { lines: 21 } });
    run.offer("6", someLines(7, 42));
    await Promise.resolve();
    expect(run.settled).toEqual(["0", "1", "2", "3"]);
    fake.onWrite = () => ({ status: 204 });
    await run.writer.flush();
    expect(fake.written).toEqual(someLines(21, 28));
    expect(run.settled).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
    expect(run.writer.report).toMatchObject({ written: 21, dropped: 28, waiting: { lines: 0 } });
    expect(run.log.told).toEqual([
      "warn: there is no room for more lines to InfluxDB: the oldest are dropped from now on",
      "warn: lines cannot be written to InfluxDB now; they are kept and tried again",
      "info: InfluxDB takes lines again",
      "warn: 28 lines to InfluxDB were dropped; there is room again",
    ]);
  });

  test("so it is by bytes", async () => {
    fake.onWrite = () => ({ status: 503 });
    await using run = runningWriter(fake.url, { batchLines: 10, buffer: { lines: 1000, bytes: 100 } });
    for (let index = 0; index < 5; index++) run.offer(String(index), [`m s="${"é".repeat(15)}" 1`]);
    await Promise.resolve();
    // Each has 39 bytes, and 24 characters.
    expect(run.writer.report).toMatchObject({ dropped: 3, waiting: { lines: 2, bytes: 78 } });
  });

  test("what is in a request is not dropped, and nothing settles before it", async () => {
    fake.onWrite = (_, index) => (index === 0 ? "hang" : { status: 204 });
    await using run = runningWriter(fake.url, { batchLines: 10, buffer: { lines: 20, bytes: 10_000 } });
    run.offer("0", someLines(10));
    await fake.untilWrites(1);
    for (let index = 1; index < 5; index++) run.offer(String(index), someLines(10, 10 * index));
    await Promise.resolve();
    expect(run.writer.report).toMatchObject({ dropped: 30, waiting: { lines: 20 } });
    expect(run.settled).toEqual([]);
    await run.clock.advance(10_000);
    await run.pause();
    expect(run.settled).toEqual([]);
    await run.writer.flush();
    expect(fake.written).toEqual([...someLines(10), ...someLines(10, 40)]);
    expect(run.settled).toEqual(["0", "1", "2", "3", "4"]);
  });

  test("an offer that alone is too large is dropped alone", async () => {
    await using run = runningWriter(fake.url, { batchLines: 10, buffer: { lines: 20, bytes: 10_000 } });
    run.offer("small", someLines(3));
    run.offer("monster", someLines(21));
    await run.writer.flush();
    expect(fake.written).toEqual(someLines(3));
    expect(run.settled).toEqual(["small", "monster"]);
    expect(run.writer.report.dropped).toBe(21);
  });

  test("a division whose lines are dropped meanwhile is forgotten", async () => {
    let down = false;
    fake.onWrite = ({ lines }) => {
      if (down) return { status: 503 };
      if (!lines.some((line) => line.startsWith("bad"))) return { status: 204 };
      down = lines.length <= 3;
      return { status: 400, body: '{"error":"unable to parse"}' };
    };
    await using run = runningWriter(fake.url, { batchLines: 10, buffer: { lines: 20, bytes: 10_000 } });
    run.offer("0", ["bad", ...someLines(9)]);
    await run.pause();
    run.offer("1", someLines(10, 10));
    run.offer("2", someLines(10, 20));
    await Promise.resolve();
    expect(run.settled).toEqual(["0"]);
    down = false;
    await run.writer.flush();
    expect(fake.written).toEqual(someLines(20, 10));
    expect(run.writer.report).toMatchObject({ written: 20, dropped: 10, refused: { unparseable: 0 } });
  });
});
