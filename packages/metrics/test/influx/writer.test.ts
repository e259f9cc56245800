import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeInflux } from "./support/fake-influx.ts";
import { runningWriter, someLines } from "./support/running-writer.ts";

let fake: FakeInflux;
beforeEach(async () => {
  fake = await FakeInflux.start();
});
afterEach(() => fake[Symbol.asyncDispose]());

describe("a writer sends", () => {
  test("after flushEveryMs, all that came meanwhile, compressed, to the right place", async () => {
    await using run = runningWriter({ api: "v2", url: fake.url, org: "o&o", bucket: "b", token: "secret" });
    run.offer("a", someLines(60));
    await run.clock.untilSleeping(1);
    expect(run.clock.nextDueIn).toBe(10_000);
    await run.clock.advance(4000);
    run.offer("b", someLines(60, 60));
    await run.clock.advance(5999);
    expect(fake.writes).toEqual([]);
    await run.clock.advance(1);
    await run.until(({ written }) => written === 120);
    expect(fake.writes).toHaveLength(1);
    expect(fake.writes[0]).toMatchObject({
      path: "/api/v2/write?org=o%26o&bucket=b&precision=ns",
      headers: { authorization: "Token secret", "content-encoding": "gzip" },
      lines: someLines(120),
    });
    expect(run.settled).toEqual(["a", "b"]);
    expect(run.writer.report.lastWrittenAt).toBe(run.clock.now());
    expect(run.log.told).toEqual([]);
  });

  test("at once what makes a batch, whole offers together, in order", async () => {
    await using run = runningWriter(fake.url, { batchLines: 100 });
    run.offer("a", someLines(60));
    run.offer("b", someLines(60, 60));
    run.offer("c", someLines(250, 120));
    await run.writer.flush();
    expect(fake.writes.map(({ lines }) => lines.length)).toEqual([60, 60, 100, 100, 50]);
    expect(fake.written).toEqual(someLines(370));
    expect(run.settled).toEqual(["a", "b", "c"]);
  });

  test("one request at a time", async () => {
    fake.onWrite = (_, index) => (index === 0 ? "hang" : { status: 204 });
    await using run = runningWriter(fake.url, { batchLines: 10 });
    run.offer("a", someLines(10));
    await fake.untilWrites(1);
    run.offer("b", someLines(10, 10));
    run.offer("c", someLines(10, 20));
    expect(run.writer.report.waiting.lines).toBe(30);
    await run.clock.advance(10_000);
    await run.pause();
    expect(fake.writes).toHaveLength(1);
    await run.writer.flush();
    expect(fake.written).toEqual(someLines(30));
    expect(run.writer.report).toMatchObject({ written: 30, retried: 10, waiting: { lines: 0, bytes: 0 } });
  });

  test("empty offers settle in their turn", async () => {
    await using run = runningWriter(fake.url);
    run.offer("none", []);
    run.offer("a", someLines(1));
    run.offer("empty", []);
    await Promise.resolve();
    expect(run.settled).toEqual(["none"]);
    await run.writer.flush();
    expect(run.settled).toEqual(["none", "a", "empty"]);
    expect(fake.writes).toHaveLength(1);
  });

  test("and outlives callbacks that throw", async () => {
    await using run = runningWriter(fake.url, {
      onReport: () => {
        throw new Error("from onReport");
      },
    });
    run.writer.offer(someLines(1), () => {
      throw new Error("from settled");
    });
    run.offer("b", someLines(1, 1));
    await run.writer.flush();
    expect(fake.written).toEqual(someLines(2));
    expect(run.settled).toEqual(["b"]);
    expect(run.log.text).toContain("from onReport");
    expect(run.log.text).toContain("from settled");
  });
});

describe("the end", () => {
  test("sends what waits", async () => {
    await using run = runningWriter(fake.url);
    run.offer("a", someLines(3));
    await run.end();
    expect(fake.written).toEqual(someLines(3));
    expect(run.settled).toEqual(["a"]);
    run.offer("late", someLines(1));
    await run.writer.flush();
    expect(run.settled).toEqual(["a"]);
  });

  test("tries once more in the pause after a failure", async () => {
    fake.onWrite = (_, index) => (index === 0 ? "cut" : { status: 204 });
    await using run = runningWriter(fake.url);
    run.offer("a", someLines(3));
    await run.writer.flush();
    await run.pause();
    await run.end();
    expect(run.settled).toEqual(["a"]);
  });

  test("does not wait for a server that hangs longer than the grace, and settles nothing that is lost", async () => {
    fake.onWrite = () => "hang";
    await using run = runningWriter(fake.url, { graceMs: 2000 });
    run.offer("a", someLines(3));
    const flushed = run.writer.flush();
    await fake.untilWrites(1);
    const ended = run.end();
    await run.clock.advance(2000);
    await ended;
    await flushed;
    expect(run.settled).toEqual([]);
    expect(run.writer.report.waiting.lines).toBe(3);
    expect(run.log.told).toEqual(["warn: 3 lines could not be written to InfluxDB before the end"]);
    expect(run.clock.pending).toBe(0);
  });

  test("comes at once where there is nothing, or where the signal has aborted before", async () => {
    await using run = runningWriter(fake.url);
    await run.end();
    await run.writer.flush();
    expect(run.clock.pending).toBe(0);
    await expect(run.writer.run(AbortSignal.abort())).rejects.toMatchObject({ code: "KRM_INVALID_ARGUMENT" });
  });
});

describe("options that cannot be", () => {
  test.each<[string, object]>([
    ["flushEveryMs", { flushEveryMs: 0 }],
    ["batchLines", { batchLines: 1.5 }],
    ["buffer.lines", { batchLines: 100, buffer: { lines: 99, bytes: 1000 } }],
    ["buffer.bytes", { buffer: { lines: 10_000, bytes: Number.NaN } }],
    ["overflow.maxBytes", { overflow: { type: "spill", folder: "/tmp/x", maxBytes: 0 } as const }],
    ["overflow.folder", { overflow: { type: "spill", folder: "", maxBytes: 1 } as const }],
    ["backoff.firstMs", { backoff: { firstMs: -1 } }],
    ["no option", { flushMs: 3 }],
  ])("are named: %s", (name, options) => {
    expect(() => runningWriter(fake.url, options)).toThrow(name);
  });
});
