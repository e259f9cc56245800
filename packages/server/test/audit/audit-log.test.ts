import { execFileSync } from "node:child_process";
import { constants } from "node:fs";
import { open, readFile, rename, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type AuditCounts, type AuditEvent, type AuditLog, createServer, openAuditLog } from "@krm/server";
import { ManualClock } from "@krm/testkit";
import { describe, expect, it } from "vitest";
import { testApp } from "../support/app.ts";
import { temporaryFolder } from "../support/folder.ts";
import { LogQueue } from "../support/log-queue.ts";

/** An event that can be told from others by its URI. */
function event(requestURI: string, userAgent = "test"): AuditEvent {
  const at = "2026-01-01T00:00:00.000000Z";
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level: "Metadata",
    auditID: "id",
    stage: "ResponseComplete",
    requestURI,
    verb: "list",
    user: {},
    userAgent,
    responseStatus: { metadata: {}, code: 200 },
    requestReceivedTimestamp: at,
    stageTimestamp: at,
  };
}

/** Counts, and can be waited for. */
class Counted implements AuditCounts {
  writtenEvents = 0;
  lostEvents = 0;
  #changed = Promise.withResolvers<void>();

  written(events: number): void {
    this.writtenEvents += events;
    this.#changed.resolve();
  }

  lost(events: number): void {
    this.lostEvents += events;
  }

  async until(events: number): Promise<void> {
    while (this.writtenEvents < events) {
      this.#changed = Promise.withResolvers<void>();
      await this.#changed.promise;
    }
  }
}

interface Opened extends AsyncDisposable {
  readonly log: AuditLog;
  readonly counts: Counted;
  readonly clock: ManualClock;
  readonly logger: LogQueue;
}

async function opened(file: string, bufferBytes?: number): Promise<Opened> {
  const [counts, clock, logger] = [new Counted(), new ManualClock(), new LogQueue()];
  const log = await openAuditLog({ file, clock, logger, counts, bufferBytes });
  return { log, counts, clock, logger, [Symbol.asyncDispose]: async () => log[Symbol.asyncDispose]() };
}

function urisIn(text: string): readonly string[] {
  expect(text === "" || text.endsWith("\n")).toBe(true);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as AuditEvent).requestURI);
}

describe("the audit file", () => {
  it("holds one event a line, in their order, and is for its owner alone", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "audit.log");
    const uris = Array.from({ length: 5000 }, (_, index) => `/pods?limit=${index}`);
    const { counts, log } = await opened(file);
    for (const uri of uris) log.take(event(uri));
    await log[Symbol.asyncDispose]();
    expect(urisIn(await readFile(file, "utf8"))).toEqual(uris);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect([counts.writtenEvents, counts.lostEvents]).toEqual([5000, 0]);
    // What comes after the end is lost, and counted.
    log.take(event("/late"));
    expect(counts.lostEvents).toBe(1);
  });

  it("is appended to", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "audit.log");
    for (const uri of ["/a", "/b"]) {
      const { log } = await opened(file);
      log.take(event(uri));
      await log[Symbol.asyncDispose]();
    }
    expect(urisIn(await readFile(file, "utf8"))).toEqual(["/a", "/b"]);
  });

  it("is rotated: one that was moved away, or deleted, is followed by a new one", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "audit.log");
    await using audit = await opened(file);
    audit.log.take(event("/a"));
    await audit.counts.until(1);
    await rename(file, `${file}.1`);
    audit.log.take(event("/b"));
    await audit.counts.until(2);
    await rename(file, `${file}.2`);
    audit.log.take(event("/c"));
    await audit.counts.until(3);
    const texts = await Promise.all([`${file}.1`, `${file}.2`, file].map(async (name) => readFile(name, "utf8")));
    expect(texts.map(urisIn)).toEqual([["/a"], ["/b"], ["/c"]]);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it("that cannot be opened is refused by name at the start", async () => {
    const error = await openAuditLog({ file: "/nowhere/audit.log" }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "KRM_INVALID_ARGUMENT",
      message: expect.stringContaining("/nowhere/audit.log"),
    });
  });
});

describe("a full disk", () => {
  it("doesn't stop answers, is told once, and what waits is written when there is room", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "audit.log");
    await symlink("/dev/full", file);
    await using audit = await opened(file);
    const { clock, counts, logger } = audit;
    await using test = testApp();
    await using server = await createServer({
      store: test.store,
      listen: { host: "127.0.0.1", port: 0 },
      audit: audit.log,
    });
    for (let round = 0; round < 3; round++) {
      expect((await server.app.inject("/version")).statusCode).toBe(200);
      await clock.untilSleeping(1);
      await clock.advance(1000);
    }
    expect(await logger.next()).toContain("the audit log cannot be written: ENOSPC");
    expect([counts.writtenEvents, counts.lostEvents]).toEqual([0, 0]);
    await clock.untilSleeping(1);
    // Another file, with room.
    await rename(file, `${file}.full`);
    await clock.advance(1000);
    await counts.until(3);
    expect(urisIn(await readFile(file, "utf8"))).toEqual(["/version", "/version", "/version"]);
    expect(await logger.nextEntry()).toEqual({ message: "the audit log is written again", fields: { file, lost: 0 } });
  });

  it("that stays full costs the events beyond a bound, and those are counted", async () => {
    const lines = 5;
    const size = JSON.stringify(event("/0")).length + 1;
    const { clock, counts, log, logger } = await opened("/dev/full", lines * size);
    for (let each = 0; each < 9; each++) log.take(event(`/${each}`));
    expect(counts.lostEvents).toBe(4);
    await clock.untilSleeping(1);
    expect([await logger.next(), await logger.next()]).toEqual([
      expect.stringContaining("events are lost"),
      expect.stringContaining("ENOSPC"),
    ]);
    await log[Symbol.asyncDispose]();
    expect([counts.writtenEvents, counts.lostEvents]).toEqual([0, 9]);
  });
});

describe("a pipe", () => {
  it("that is read slowly gets whole lines in their order; one that is closed costs the rest, which is counted", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "pipe");
    execFileSync("mkfifo", [file]);
    const reader = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const { clock, counts, log, logger } = await opened(file);
    const uris = Array.from({ length: 400 }, (_, index) => `/${index}`);
    for (const uri of uris) log.take(event(uri, "x".repeat(900)));
    let text = "";
    const buffer = Buffer.alloc(10_000);
    while (counts.writtenEvents < uris.length) {
      await Promise.race([clock.untilSleeping(1), counts.until(uris.length)]);
      if (clock.pending === 0) break;
      for (let room = 3; room > 0; room--) {
        text += buffer.toString("utf8", 0, (await reader.read(buffer)).bytesRead);
      }
      await clock.advance(20);
    }
    for (;;) {
      const { bytesRead } = await reader.read(buffer).catch(() => ({ bytesRead: 0 }));
      if (bytesRead === 0) break;
      text += buffer.toString("utf8", 0, bytesRead);
    }
    expect(urisIn(text)).toEqual(uris);
    await reader.close();
    log.take(event("/more"));
    expect(await logger.next()).toContain("EPIPE");
    await log[Symbol.asyncDispose]();
    expect([counts.writtenEvents, counts.lostEvents]).toEqual([uris.length, 1]);
  });

  it("that took half a line gives way to a file, which gets the whole of it", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "pipe");
    execFileSync("mkfifo", [file]);
    const reader = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const { clock, counts, log } = await opened(file);
    log.take(event("/long", "x".repeat(200_000)));
    log.take(event("/next"));
    await clock.untilSleeping(1);
    await rename(file, `${file}.1`);
    await clock.advance(20);
    await counts.until(2);
    expect(urisIn(await readFile(file, "utf8"))).toEqual(["/long", "/next"]);
    await log[Symbol.asyncDispose]();
    await reader.close();
  });

  it("that is full at the end is waited for for a second", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "pipe");
    execFileSync("mkfifo", [file]);
    const reader = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const { clock, counts, log } = await opened(file);
    for (let each = 0; each < 400; each++) log.take(event(`/${each}`, "x".repeat(900)));
    await clock.untilSleeping(1);
    const ended = log[Symbol.asyncDispose]();
    await clock.untilSleeping(2);
    await clock.advance(1000);
    await ended;
    expect(counts.writtenEvents + counts.lostEvents).toBe(400);
    expect(counts.lostEvents).toBeGreaterThan(0);
    await reader.close();
  });
});
