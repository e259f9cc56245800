import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { InfluxTarget } from "../../src/influx/index.ts";
import { type FakeAnswer, FakeInflux } from "./support/fake-influx.ts";
import { runningWriter, someLines } from "./support/running-writer.ts";

let fake: FakeInflux;
beforeEach(async () => {
  fake = await FakeInflux.start();
});
afterEach(() => fake[Symbol.asyncDispose]());

const v1 = (more: Partial<InfluxTarget & { api: "v1" }> = {}): InfluxTarget => ({
  api: "v1",
  url: fake.url,
  database: "krm",
  ...more,
});

describe("lines are sent again", () => {
  test.each(["hang", "hang-within"] as const)("when the server takes too long: %s", async (odd) => {
    fake.onWrite = (_, index) => (index === 0 ? odd : { status: 204 });
    await using run = runningWriter(fake.url, { timeoutMs: 3000 });
    run.offer("a", someLines(3));
    const flushed = run.writer.flush();
    await fake.untilWrites(1);
    await run.clock.advance(3000);
    await flushed;
    expect(await run.pause()).toBe(500);
    expect(run.writer.report.failing?.error.message).toContain("did not answer in time (ETIMEDOUT)");
    await run.clock.advance(500);
    await run.until(({ written }) => written === 3);
    expect(run.settled).toEqual(["a"]);
    expect(run.log.told).toEqual([
      "warn: lines cannot be written to InfluxDB now; they are kept and tried again",
      "info: InfluxDB takes lines again",
    ]);
  });

  test.each(["cut", "cut-within"] as const)("when the connection breaks: %s", async (odd) => {
    fake.onWrite = (_, index) => (index < 2 ? odd : { status: 204 });
    await using run = runningWriter(fake.url);
    run.offer("a", someLines(3));
    await run.writer.flush();
    expect(run.writer.report.failing?.error.message).toContain("the connection broke (ECONNRESET)");
    await run.writer.flush();
    expect(fake.written).toEqual([]);
    await run.writer.flush();
    expect(fake.written).toEqual(someLines(3));
    expect(run.writer.report).toMatchObject({ written: 3, retried: 6, failing: undefined });
    expect(run.log.told).toHaveLength(2);
  });

  test("with pauses that double up to a bound, by chance", async () => {
    fake.onWrite = () => ({ status: 500, body: '{"error":"timeout"}' });
    await using run = runningWriter(fake.url);
    run.offer("a", someLines(3));
    const pauses: number[] = [];
    let failed = run.writer.flush();
    for (let tries = 1; tries <= 9; tries++) {
      await fake.untilWrites(tries);
      await failed;
      const pause = await run.pause();
      pauses.push(pause);
      failed = Promise.resolve();
      const next = fake.untilWrites(tries + 1);
      const reported = new Promise<void>((resolve) => void next.then(resolve));
      await run.clock.advance(pause);
      await reported;
      await run.clock.untilSleeping(1);
    }
    // Half of 1, 2, 4, … seconds: the chance is always 0.5 here.
    expect(pauses.slice(0, 7)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000]);
    expect(run.log.told).toHaveLength(1);
  });

  test.each([
    ["seconds", "7", 7000],
    ["a date", new Date(Date.UTC(2026, 0, 1, 0, 2)).toUTCString(), 120_000],
    ["more than is borne", "86400", 600_000],
  ])("when the server asks for it: %s", async (_, retryAfter, pause) => {
    fake.onWrite = (_, index) =>
      index === 0 ? { status: 429, headers: { "retry-after": retryAfter } } : { status: 204 };
    await using run = runningWriter(fake.url);
    run.offer("a", someLines(3));
    await run.writer.flush();
    expect(await run.pause()).toBe(pause);
    await run.clock.advance(pause);
    await run.until(({ written }) => written === 3);
  });

  test("when the server was down at the start", async () => {
    const { port } = fake;
    await fake[Symbol.asyncDispose]();
    await using run = runningWriter({ api: "v1", url: `http://127.0.0.1:${port}`, database: "krm" });
    run.offer("a", someLines(3));
    await run.writer.flush();
    expect(run.writer.report.failing?.error).toMatchObject({
      code: "KRM_CONNECTION",
      message: `InfluxDB at http://127.0.0.1:${port}: the connection was refused (ECONNREFUSED)`,
    });
    fake = await FakeInflux.start(port);
    await run.writer.flush();
    expect(fake.statements.map(({ body }) => body)).toEqual(["q=CREATE+DATABASE+%22krm%22"]);
    expect(fake.written).toEqual(someLines(3));
  });
});

describe("what only a person can mend", () => {
  test("is tried slowly, told once, and told again after it was mended", async () => {
    let status = 401;
    fake.onWrite = () => ({ status, body: '{"code":"unauthorized","message":"no, hush"}' });
    await using run = runningWriter({ api: "v2", url: fake.url, org: "o", bucket: "b", token: "hush" });
    run.offer("a", someLines(3));
    await run.writer.flush();
    for (let tries = 2; tries <= 4; tries++) {
      expect(await run.pause()).toBe(30_000);
      await run.clock.advance(30_000);
      await fake.untilWrites(tries);
      await run.clock.untilSleeping(1);
    }
    expect(run.log.lines).toEqual([
      {
        level: "warn",
        fields: {
          code: "KRM_METRICS_REFUSED",
          error: `InfluxDB at ${fake.url} does not accept the token (401): no, ***`,
          hint: "give a token that it knows",
        },
        message: expect.any(String),
      },
    ]);
    status = 403;
    await run.writer.flush();
    expect(run.log.told).toHaveLength(2);
    status = 204;
    await run.writer.flush();
    expect(run.settled).toEqual(["a"]);
    status = 403;
    run.offer("b", someLines(1));
    await run.writer.flush();
    expect(run.log.told).toHaveLength(4);
    expect(run.log.text).not.toContain("hush");
    status = 204;
  });

  test("a database that neither exists nor may be created: both are told", async () => {
    fake.onStatement = () => ({ status: 403, body: '{"error":"requires admin privilege"}' });
    fake.onWrite = () => ({ status: 404, body: '{"error":"database not found: \\"krm\\""}' });
    await using run = runningWriter(v1({ user: "krm", password: "hush" }));
    run.offer("a", someLines(1));
    await run.writer.flush();
    expect(run.writer.report.failing?.error).toEqual({
      code: "KRM_METRICS_REFUSED",
      message: `InfluxDB at ${fake.url} does not have the database "krm", and KRM could not create it: requires admin privilege (404): database not found: "krm"`,
      hint: 'create it (CREATE DATABASE "krm"), or let the user krm do so',
    });
    expect(await run.pause()).toBe(30_000);
    await run.writer.flush();
    expect(fake.statements).toHaveLength(2);
    expect(run.log.told).toHaveLength(1);
    fake.onWrite = () => ({ status: 204 });
    await run.writer.flush();
    expect(run.writer.report.written).toBe(1);
  });

  test("a database that may not be created, but is there", async () => {
    fake.onStatement = () => ({ status: 401, body: '{"error":"authorization failed"}' });
    await using run = runningWriter(v1({ user: "krm", password: "hush" }));
    run.offer("a", someLines(1));
    await run.writer.flush();
    run.offer("b", someLines(1));
    await run.writer.flush();
    expect(fake.statements).toHaveLength(1);
    expect(fake.writes[0]?.headers.authorization).toBe(`Basic ${btoa("krm:hush")}`);
    expect(run.writer.report.written).toBe(2);
    expect(run.log.told).toEqual([]);
  });

  test("a database that was dropped is created again at once; one that stays away is not asked for without a pause", async () => {
    await using run = runningWriter(v1());
    run.offer("a", someLines(1));
    await run.writer.flush();
    let missing = true;
    fake.onWrite = () =>
      missing ? { status: 404, body: '{"error":"database not found: \\"krm\\""}' } : { status: 204 };
    fake.onStatement = () => {
      missing = false;
      return { status: 200, body: '{"results":[{}]}' };
    };
    run.offer("b", someLines(1));
    await run.writer.flush();
    expect(run.settled).toEqual(["a", "b"]);
    expect(run.log.told).toEqual([]);
    fake.onStatement = () => ({ status: 200, body: '{"results":[{}]}' });
    missing = true;
    run.offer("c", someLines(1));
    await run.writer.flush();
    expect(await run.pause()).toBe(30_000);
    expect(fake.statements).toHaveLength(3);
  });
});

describe("lines that the database will never take", () => {
  const conflict = (dropped: number, field = "v"): string =>
    JSON.stringify({
      error: `partial write: field type conflict: input field "${field}" on measurement "m" is type string, already exists as type float dropped=${dropped}`,
    });

  test("are counted, told once for each cause, and not tried again", async () => {
    fake.onWrite = (_, index) => ({ status: 400, body: conflict(2, index < 2 ? "v" : "w") });
    await using run = runningWriter(fake.url);
    for (let index = 0; index < 4; index++) {
      run.offer(String(index), someLines(5, 5 * index));
      await run.writer.flush();
    }
    expect(fake.writes).toHaveLength(4);
    expect(run.settled).toEqual(["0", "1", "2", "3"]);
    expect(run.writer.report).toMatchObject({ written: 12, refused: { "field-type-conflict": 8 }, retried: 0 });
    expect(run.log.told).toEqual([
      "error: InfluxDB refuses lines (field-type-conflict: field v of measurement m); they are counted, and not tried again",
      "error: InfluxDB refuses lines (field-type-conflict: field w of measurement m); they are counted, and not tried again",
    ]);
  });

  test("are found among those that it takes", async () => {
    fake.onWrite = ({ lines }) =>
      lines.some((line) => line.startsWith("bad"))
        ? { status: 400, body: '{"error":"unable to parse \'bad\'"}' }
        : { status: 204 };
    await using run = runningWriter(fake.url);
    run.offer("a", [...someLines(700), "bad 1", ...someLines(300, 700)]);
    run.offer("b", [...someLines(500, 1000), "bad 2", "bad 3"]);
    await run.writer.flush();
    expect(fake.written).toEqual(someLines(1500));
    expect(run.settled).toEqual(["a", "b"]);
    expect(run.writer.report).toMatchObject({ written: 1500, refused: { unparseable: 3 }, retried: 0 });
    expect(run.log.lines).toMatchObject([{ level: "error", fields: { reason: "unparseable", line: "bad 1" } }]);
  });

  test("all of them, in a bounded number of requests", async () => {
    fake.onWrite = () => ({ status: 400, body: '{"error":"unable to parse"}' });
    await using run = runningWriter(fake.url);
    run.offer("a", someLines(5000));
    await run.writer.flush();
    expect(run.writer.report.refused.unparseable).toBe(5000);
    expect(fake.writes.length).toBeLessThan(130);
  });

  test("because a request is too large are sent in smaller ones, from then on", async () => {
    fake.onWrite = ({ body }) => (body.length > 1000 ? { status: 413 } : { status: 204 });
    await using run = runningWriter(fake.url);
    const huge = `m s="${"x".repeat(2000)}" 1`;
    run.offer("a", [...someLines(200), huge, ...someLines(200, 200)]);
    await run.writer.flush();
    expect(fake.written).toEqual(someLines(400));
    expect(run.writer.report).toMatchObject({ written: 400, refused: { "too-large": 1 } });
    fake.writes.length = 0;
    run.offer("b", someLines(200, 400));
    await run.writer.flush();
    expect(fake.writes.every(({ body }) => body.length <= 1000)).toBe(true);
    expect(run.settled).toEqual(["a", "b"]);
  });
});

test("nothing is printed, whatever fails", async () => {
  const prints = (["log", "info", "warn", "error", "debug"] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation(() => {}),
  );
  try {
    const answers: FakeAnswer[] = [
      { status: 400, body: '{"error":"partial write: x dropped=1"}' },
      { status: 400, body: '{"error":"unable to parse"}' },
      { status: 401 },
      { status: 503 },
      { status: 200 },
      "cut",
      "cut-within",
    ];
    fake.onWrite = (_, index) => answers[index] ?? { status: 204 };
    await using run = runningWriter(fake.url);
    for (const _ of answers) {
      run.offer("a", someLines(1));
      await run.writer.flush();
    }
    await run.end();
    expect(prints.flatMap(({ mock }) => mock.calls)).toEqual([]);
  } finally {
    for (const print of prints) print.mockRestore();
  }
});
