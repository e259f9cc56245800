import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { InfluxWriterOptions } from "../../src/influx/index.ts";
import { FakeInflux } from "./support/fake-influx.ts";
import { type RunningWriter, runningWriter, someLines } from "./support/running-writer.ts";
import { type TemporaryFolder, temporaryFolder } from "./support/temporary-folder.ts";

let fake: FakeInflux;
let temporary: TemporaryFolder;
let folder: string;
beforeEach(async () => {
  fake = await FakeInflux.start();
  temporary = temporaryFolder();
  folder = join(temporary.path, "spill");
});
afterEach(async () => {
  await fake[Symbol.asyncDispose]();
  temporary[Symbol.dispose]();
});

const DOWN = (): { status: number } => ({ status: 503 });
const UP = (): { status: number } => ({ status: 204 });

/** Ten lines a batch, forty in memory. */
function spilling(more: Partial<InfluxWriterOptions> = {}, maxBytes = 1_000_000): RunningWriter {
  return runningWriter(fake.url, {
    batchLines: 10,
    buffer: { lines: 40, bytes: 100_000 },
    overflow: { type: "spill", folder, maxBytes },
    ...more,
  });
}

const segments = (): readonly string[] => readdirSync(folder).filter((name) => name.startsWith("segment-"));

/** Offers lines ten by ten, one after the other on disk where there is no more room. */
async function offerTens(run: RunningWriter, count: number, from = 0): Promise<void> {
  for (let index = from; index < from + count; index++) {
    run.offer(String(index), someLines(10, 10 * index));
    await run.until(({ waiting, dropped }) => waiting.lines <= 40 || dropped > 0);
  }
}

/** As many turns as it takes until this holds. */
async function eventually(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

describe("what does not fit into memory", () => {
  test("is put on disk, settled then, and sent first when the database is back", async () => {
    fake.onWrite = DOWN;
    await using run = spilling();
    for (let index = 0; index < 8; index++) run.offer(String(index), someLines(10, 10 * index));
    await eventually(() => run.settled.length === 4);
    expect(run.settled).toEqual(["0", "1", "2", "3"]);
    expect(run.writer.report).toMatchObject({
      dropped: 0,
      waiting: { lines: 40 },
      spilled: { segments: 4, lines: 40 },
    });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(segments().map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o600, 0o600, 0o600, 0o600]);
    expect(run.writer.report.spilled.bytes).toBe(
      segments().reduce((sum, name) => sum + statSync(join(folder, name)).size, 0),
    );
    fake.onWrite = UP;
    await run.writer.flush();
    expect(fake.written).toEqual(someLines(80));
    expect(segments()).toEqual([]);
    expect(run.writer.report).toMatchObject({
      written: 80,
      spilled: { segments: 0, lines: 0, bytes: 0, oldestAt: undefined },
    });
  });

  test("keeps its order, also behind lines that are in a request which fails", async () => {
    fake.onWrite = (_, index) => (index === 0 ? "hang" : { status: 503 });
    await using run = spilling();
    run.offer("0", someLines(10));
    await fake.untilWrites(1);
    for (let index = 1; index < 8; index++) run.offer(String(index), someLines(10, 10 * index));
    await eventually(() => run.writer.report.spilled.segments === 4);
    // The lines of the request are older than all on disk.
    expect(run.settled).toEqual([]);
    await run.clock.advance(10_000);
    await run.pause();
    fake.onWrite = UP;
    await run.writer.flush();
    expect(fake.written).toEqual(someLines(80));
    expect(run.settled).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
  });

  test("is found by the next writer, which sends it before its own", async () => {
    fake.onWrite = DOWN;
    {
      await using run = spilling();
      await eventually(() => existsSync(folder));
      for (let index = 0; index < 7; index++) run.offer(String(index), someLines(10, 10 * index));
      await eventually(() => run.settled.length === 3);
      await run.end();
      // What was in memory is on disk as well now.
      expect(run.settled).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
      expect(run.writer.report).toMatchObject({ waiting: { lines: 0 }, spilled: { lines: 70 } });
      expect(run.log.told.at(-1)).toBe("info: 70 lines for InfluxDB are on disk; the next start sends them");
    }
    expect(readdirSync(folder)).toEqual(segments());
    writeFileSync(join(folder, `${segments()[0]}.tmp`), "half");
    writeFileSync(join(folder, "README"), "somebody's");
    fake.onWrite = UP;
    await using next = spilling();
    next.offer("new", someLines(5, 70));
    await next.writer.flush();
    expect(fake.written).toEqual(someLines(75));
    expect(readdirSync(folder).toSorted()).toEqual(["README", "lock"]);
    expect(next.log.told).toEqual(["info: the spill folder holds lines of earlier; they are sent first"]);
  });

  test("gives way to newer lines at maxBytes", async () => {
    fake.onWrite = DOWN;
    await using run = spilling({}, 700);
    for (let index = 0; index < 10; index++) {
      run.offer(String(index), someLines(10, 10 * index));
      await eventually(() => run.writer.report.waiting.lines <= 40);
    }
    const { spilled, dropped } = run.writer.report;
    expect(spilled.bytes).toBeLessThanOrEqual(700);
    expect(spilled.lines + dropped).toBe(60);
    expect(dropped).toBeGreaterThan(0);
    fake.onWrite = UP;
    await run.writer.flush();
    expect(fake.written).toEqual(someLines(100 - dropped, dropped));
    expect(run.log.told).toContain(`warn: ${dropped} lines to InfluxDB were dropped; there is room again`);
  });

  test("is dropped where not even one segment fits", async () => {
    fake.onWrite = DOWN;
    await using run = spilling({}, 10);
    for (let index = 0; index < 5; index++) run.offer(String(index), someLines(10, 10 * index));
    await eventually(() => run.settled.length === 1);
    expect(run.writer.report).toMatchObject({ dropped: 10, spilled: { segments: 0 } });
  });

  test("an offer larger than a batch is on disk in parts, and settles with the last", async () => {
    fake.onWrite = DOWN;
    await using run = spilling();
    run.offer("large", someLines(35));
    run.offer("small", someLines(10, 35));
    await eventually(() => run.writer.report.spilled.segments === 1);
    expect(run.settled).toEqual([]);
    run.offer("other", someLines(30, 45));
    await eventually(() => run.settled.length === 1);
    expect(run.settled).toEqual(["large"]);
    fake.onWrite = UP;
    await run.writer.flush();
    expect(fake.written).toEqual(someLines(75));
  });
});

describe("a segment", () => {
  /** One segment each of 0-9, 10-19, 20-29. */
  async function threeSegments(): Promise<readonly string[]> {
    fake.onWrite = DOWN;
    const run = spilling();
    await offerTens(run, 3);
    await run.end();
    fake.onWrite = UP;
    const names = segments().toSorted();
    expect(names).toHaveLength(3);
    return names.map((name) => join(folder, name));
  }

  test.each<[string, (file: string) => void]>([
    ["that was cut", (file) => truncateSync(file, statSync(file).size - 3)],
    ["that is empty", (file) => truncateSync(file, 0)],
    ["of which a byte was changed", (file) => writeFileSync(file, readFileSync(file, "utf8").replace("v=13", "v=31"))],
    [
      "that is another, whole one",
      (file) =>
        writeFileSync(
          file,
          `krm-influx-segment 1 1 ${crc32('["m v=1 1"]').toString(16).padStart(8, "0")}\n["m v=1 1"]`,
        ),
    ],
    ["that is something else", (file) => writeFileSync(file, Buffer.from([0, 1, 2, 255]))],
    [
      "that is a folder",
      (file) => {
        rmSync(file);
        mkdirSync(file);
      },
    ],
  ])("%s is set aside, named and counted; the others are sent", async (_, spoil) => {
    const [, second = ""] = await threeSegments();
    spoil(second);
    await using run = spilling();
    run.offer("new", someLines(5, 30));
    await run.writer.flush();
    expect(fake.written).toEqual([...someLines(10), ...someLines(15, 20)]);
    expect(readdirSync(folder).toSorted()).toEqual(["lock", `${second.slice(folder.length + 1)}.unreadable`]);
    expect(run.writer.report.dropped).toBe(10);
    expect(run.log.lines.find(({ level }) => level === "error")).toMatchObject({
      fields: { error: expect.stringContaining(second), hint: expect.stringContaining(`${second}.unreadable`) },
    });
  });

  test("that another process has sent meanwhile is no loss", async () => {
    const [first = ""] = await threeSegments();
    fake.onWrite = DOWN;
    await using run = spilling();
    await run.writer.flush();
    renameSync(first, join(temporary.path, "gone"));
    fake.onWrite = UP;
    await run.writer.flush();
    // The first was in memory already.
    expect(fake.written).toEqual(someLines(30));
    expect(run.writer.report.dropped).toBe(0);
  });

  test("of which the database refuses a part is sent again and divided as lines in memory are", async () => {
    await threeSegments();
    fake.onWrite = ({ lines }) =>
      lines.includes("m v=13 13") ? { status: 400, body: '{"error":"unable to parse"}' } : { status: 204 };
    await using run = spilling();
    await run.writer.flush();
    expect(fake.written).toEqual([...someLines(13), ...someLines(16, 14)]);
    expect(run.writer.report).toMatchObject({ written: 29, refused: { unparseable: 1 }, spilled: { segments: 0 } });
  });
});

describe("a folder that cannot be used", () => {
  test("is told once; the oldest lines are dropped meanwhile; it is used when it can be", async () => {
    fake.onWrite = DOWN;
    writeFileSync(folder, "a file");
    await using run = spilling();
    for (let index = 0; index < 6; index++) run.offer(String(index), someLines(10, 10 * index));
    await run.pause();
    expect(run.settled).toEqual(["0", "1"]);
    expect(run.writer.report).toMatchObject({
      dropped: 20,
      spilled: { error: { code: "KRM_METRICS_SPILL", message: expect.stringContaining(folder) } },
    });
    rmSync(folder);
    for (let passed = 0; passed < 30_000 || run.writer.report.spilled.error !== undefined;) {
      await run.clock.untilSleeping(1);
      passed += await run.clock.advanceToNext();
      await new Promise((resolve) => setImmediate(resolve));
    }
    run.offer("6", someLines(10, 60));
    await eventually(() => run.writer.report.spilled.segments === 1);
    fake.onWrite = UP;
    await run.writer.flush();
    expect(fake.written).toEqual(someLines(50, 20));
    expect(run.log.told.filter((line) => line.includes("disk"))).toEqual([
      "error: lines cannot be put on disk: when the buffer is full, the oldest are dropped",
      "info: lines can be put on disk again",
    ]);
  });

  test("because it vanishes while it is used", async () => {
    fake.onWrite = DOWN;
    await using run = spilling();
    await offerTens(run, 4);
    await run.pause();
    rmSync(folder, { recursive: true });
    for (let index = 4; index < 10; index++) run.offer(String(index), someLines(10, 10 * index));
    await eventually(() => run.writer.report.waiting.lines === 40);
    expect(run.writer.report).toMatchObject({ dropped: 60, spilled: { error: { code: "KRM_METRICS_SPILL" } } });
    expect(run.log.told.filter((line) => line.startsWith("error"))).toHaveLength(1);
    fake.onWrite = UP;
    await run.writer.flush();
    expect(fake.written).toEqual(someLines(40, 60));
  });

  test("because another writer has it", async () => {
    fake.onWrite = DOWN;
    await using first = spilling();
    await first.writer.flush();
    expect(existsSync(join(folder, "lock"))).toBe(true);
    await using second = spilling();
    for (let index = 0; index < 6; index++) second.offer(String(index), someLines(10, 10 * index));
    await second.pause();
    expect(second.writer.report).toMatchObject({
      dropped: 20,
      spilled: { segments: 0, error: { message: `the spill folder ${folder} is used by process ${process.pid}` } },
    });
  });

  test("unless who had it is dead", async () => {
    mkdirSync(folder);
    const dead = Number(execFileSync("sh", ["-c", "echo $$"], { encoding: "utf8" }));
    for (const lock of [
      JSON.stringify({ pid: dead }),
      JSON.stringify({ pid: process.pid, began: "1" }),
      "garbage",
      "",
    ]) {
      writeFileSync(join(folder, "lock"), lock);
      await using run = spilling();
      run.offer("a", someLines(1));
      await run.writer.flush();
      expect(run.writer.report.spilled.error).toBeUndefined();
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test("by another process that runs", async () => {
    fake.onWrite = DOWN;
    const script = `
      import { lockFolder } from ${JSON.stringify(new URL("../../src/influx/spill/folder-lock.ts", import.meta.url).href)};
      const { type } = await lockFolder(${JSON.stringify(folder)});
      console.log(type);
      setInterval(() => {}, 1000);`;
    mkdirSync(folder);
    const child = spawn(process.execPath, ["--conditions=krm-source", "--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [said] = await new Promise<[string]>((resolve) =>
        child.stdout.once("data", (data) => resolve([String(data)])),
      );
      expect(said).toBe("locked\n");
      const run = spilling();
      await eventually(() => run.writer.report.spilled.error !== undefined);
      expect(run.writer.report.spilled.error?.message).toContain(`is used by process ${child.pid}`);
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await gone;
      await run.end();
    } finally {
      child.kill("SIGKILL");
    }
    await using next = spilling();
    fake.onWrite = UP;
    next.offer("a", someLines(1));
    await next.writer.flush();
    expect(next.writer.report.spilled.error).toBeUndefined();
  });
});
