import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { decodeObject, PODS, type Store } from "@krm/core";
import { writableScope } from "@krm/testkit";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { openSqliteStore } from "../src/index.ts";
import { sqliteFailure } from "../src/sqlite/sqlite-failure.ts";
import { commitAt, podObject, setObject } from "./support/random-commits.ts";

const SCOPE = { resource: PODS };

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "krm-sqlite-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  file = join(folder, "state.db");
});

async function writeOne(store: Store): Promise<void> {
  await using one = writableScope(store.scope(SCOPE));
  await one.commit(commitAt(1, setObject(podObject("a", 1))));
}

describe("a file that cannot be used is named, with what is wrong", () => {
  async function refusalOf(path: string): Promise<unknown> {
    return openSqliteStore({ file: path }).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  test("no folder, a folder itself, no name", async () => {
    expect(await refusalOf(join(folder, "nowhere/state.db"))).toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: expect.stringContaining(`SQLite file ${folder}/nowhere/state.db: its folder does not exist (ENOENT`),
      hint: "Make the folder, or name another file.",
    });
    expect(await refusalOf(folder)).toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: expect.stringContaining(`SQLite file ${folder}: it is a folder`),
    });
    expect(await refusalOf("")).toMatchObject({ code: "KRM_INVALID_ARGUMENT" });
  });

  test("one of a newer format, which stays as it was, with the version to use", async () => {
    await (await openSqliteStore({ file }))[Symbol.asyncDispose]();
    const database = new DatabaseSync(file);
    database.prepare("UPDATE krm SET value = ? WHERE key = ?").run("krm-keyv 9 (krm 3.1.0)", "krm/format");
    const before = database.prepare("SELECT key, value FROM krm ORDER BY key").all();
    expect(await refusalOf(file)).toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: expect.stringContaining("are of the newer format 9, written by KRM 3.1.0"),
      hint: expect.stringContaining("Run KRM 3.1.0 or newer"),
    });
    expect(database.prepare("SELECT key, value FROM krm ORDER BY key").all()).toEqual(before);
    database.close();
  });

  test("something else, which stays as it was; a damaged one", async () => {
    await writeFile(file, "a text that somebody may need\n".repeat(100));
    expect(await refusalOf(file)).toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: `SQLite file ${file}: it is no SQLite database (file is not a database)`,
    });
    expect(await readFile(file, "utf8")).toMatch(/^a text that somebody may need\n/);
    const damaged = join(folder, "damaged.db");
    await (await openSqliteStore({ file: damaged }))[Symbol.asyncDispose]();
    await writeFile(damaged, (await readFile(damaged)).fill(0x41, 100, 4096));
    expect(await refusalOf(damaged)).toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: `SQLite file ${damaged}: it is damaged (database disk image is malformed)`,
    });
  });

  test("locked by another program: failed, not unusable", { timeout: 20_000 }, async () => {
    await using store = await openSqliteStore({ file });
    const other = new DatabaseSync(file);
    other.exec("BEGIN EXCLUSIVE");
    await expect(writeOne(store)).rejects.toMatchObject({
      code: "KRM_STORE_FAILED",
      message: `SQLite file ${file}: another process has it locked (database is locked)`,
    });
    other.exec("ROLLBACK");
    other.close();
    await writeOne(store);
  });

  // Whoever runs the tests as root may write to everything.
  test("read-only files and full disks, by what SQLite and the system say of them", () => {
    const failure = (error: object): unknown => sqliteFailure(file, Object.assign(new Error("words"), error), "write");
    expect(failure({ errcode: 8 })).toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: `SQLite file ${file}: it is read-only (words)`,
    });
    expect(failure({ errcode: 1032 })).toMatchObject({ code: "KRM_STORE_UNUSABLE" });
    expect(failure({ errcode: 13 })).toMatchObject({ code: "KRM_STORE_FAILED", hint: "Make room." });
    expect(failure({ code: "EROFS" })).toMatchObject({ code: "KRM_STORE_UNUSABLE" });
    expect(failure({ code: "EACCES" })).toMatchObject({ code: "KRM_STORE_UNUSABLE" });
    expect(failure({})).toMatchObject({
      code: "KRM_STORE_FAILED",
      message: `SQLite file ${file}: it could not be written (words)`,
    });
  });
});

describe("a file", () => {
  test("is its owner's alone, in the mode that survives a crash, and takes odd names", async () => {
    const odd = join(folder, ":memory:?mode=ro&x=1#ü 'q");
    await using store = await openSqliteStore({ file: odd });
    await writeOne(store);
    for (const suffix of ["", "-wal", "-shm"]) expect((await stat(odd + suffix)).mode & 0o777).toBe(0o600);
    const other = new DatabaseSync(odd);
    expect(other.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
    other.close();
  });

  test("that fails in the middle of a commit keeps nothing of it", async () => {
    const store = await openSqliteStore({ file });
    const one = writableScope(store.scope(SCOPE));
    await one.commit(commitAt(1, setObject(podObject("a", 1))));
    const other = new DatabaseSync(file);
    other.exec(
      `CREATE TRIGGER no BEFORE UPDATE ON krm WHEN new.key = 'krm/view/0' BEGIN SELECT RAISE(ABORT, 'no'); END`,
    );
    const many = Array.from({ length: 600 }, (_, index) => setObject(podObject(`o${index}`, 2)));
    await expect(one.commit(commitAt(2, ...many))).rejects.toMatchObject({ code: "KRM_STORE_FAILED" });
    expect(other.prepare("SELECT count(*) AS n FROM krm WHERE key LIKE 'krm/object/%'").get()).toEqual({ n: 1 });
    other.exec("DROP TRIGGER no");
    other.close();
    await one.commit(commitAt(2, ...many));
    await store[Symbol.asyncDispose]();
    await using again = await openSqliteStore({ file });
    expect((await again.scope(SCOPE).meta()).objects).toBe(601);
  });

  test("keeps bytes that are no UTF-8", async () => {
    const bytes = Buffer.from(
      '{"metadata":{"name":"odd","namespace":"n","uid":"u","resourceVersion":"1"},"x":"\u00ff"}',
      "latin1",
    );
    const object = decodeObject(bytes);
    const store = await openSqliteStore({ file });
    await writableScope(store.scope(SCOPE)).commit(commitAt(1, setObject(object)));
    await store[Symbol.asyncDispose]();
    await using again = await openSqliteStore({ file });
    const [read] = (await again.scope(SCOPE).read()).objects;
    expect(Buffer.from(read?.bytes ?? []).equals(Buffer.from(object.bytes))).toBe(true);
  });
});
