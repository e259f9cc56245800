import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { PODS, type Store } from "@krm/core";
import { writableScope } from "@krm/testkit";
import { withPostgres } from "@krm/testkit/servers";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { inspectPostgresStore, inspectSqliteStore, openPostgresStore, openSqliteStore } from "../src/index.ts";
import { commitAt, podObject, setObject } from "./support/random-commits.ts";

const OURS = { format: { number: 1, version: expect.stringMatching(/^\d+\.\d+\.\d+/) } };

async function write(store: Store, at: number): Promise<void> {
  await using one = writableScope(store.scope({ resource: PODS }));
  await one.commit(commitAt(at, setObject(podObject("a", at))));
}

describe("a SQLite file", () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "krm-inspect-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    file = join(folder, "state.db");
  });

  test("that is not there is not made", async () => {
    expect(await inspectSqliteStore({ file })).toEqual({ format: undefined });
    expect(await readdir(folder)).toEqual([]);
    await expect(inspectSqliteStore({ file: join(folder, "no", "state.db") })).rejects.toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: expect.stringContaining("its folder does not exist"),
    });
    await expect(inspectSqliteStore({ file: folder })).rejects.toThrow("it is a folder");
  });

  test("is read while another process writes it, which goes on", async () => {
    await using store = await openSqliteStore({ file });
    await write(store, 1);
    expect(await inspectSqliteStore({ file })).toEqual(OURS);
    await write(store, 2);
  });

  test("of a newer format, or of something else, is refused", async () => {
    await (await openSqliteStore({ file }))[Symbol.asyncDispose]();
    const database = new DatabaseSync(file);
    database.prepare("UPDATE krm SET value = ? WHERE key = ?").run("krm-keyv 9 (krm 3.1.0)", "krm/format");
    database.close();
    await expect(inspectSqliteStore({ file })).rejects.toThrow("written by KRM 3.1.0");
    await writeFile(file, "a text that somebody may need\n".repeat(100));
    await expect(inspectSqliteStore({ file })).rejects.toThrow("it is no SQLite database");
  });
});

withPostgres(process.env, (postgres) => {
  test("a PostgreSQL database is read while another process writes it, which goes on", async () => {
    await using server = await postgres.start({ password: "s3cret" });
    const { url } = server;
    expect(await inspectPostgresStore({ url })).toEqual({ format: undefined });
    await using store = await openPostgresStore({ url });
    await write(store, 1);
    expect(await inspectPostgresStore({ url })).toEqual(OURS);
    await write(store, 2);
    await expect(inspectPostgresStore({ url: url.replace("s3cret", "other") })).rejects.toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: expect.not.stringContaining("other"),
    });
  }, 60_000);

  test("a PostgreSQL database is refused where its records may not be written, and holds nothing more afterwards", async () => {
    await using server = await postgres.start();
    await server.query("create role app login");
    await server.query("grant create on schema public to app");
    const url = new URL(server.url);
    url.username = "app";
    await using store = await openPostgresStore({ url: url.href });
    await write(store, 1);
    const records = async (): Promise<string> => server.query("select count(*) from krm");
    const before = await records();
    expect(await inspectPostgresStore({ url: url.href })).toEqual(OURS);
    expect(await records()).toBe(before);
    await server.query("revoke insert on krm from app");
    await expect(inspectPostgresStore({ url: url.href })).rejects.toMatchObject({
      code: "KRM_STORE_UNUSABLE",
      message: expect.stringContaining("the user may not do this"),
    });
  }, 60_000);
});
