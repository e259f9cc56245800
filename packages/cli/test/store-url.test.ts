import { describe, expect, it } from "vitest";
import { EXIT, run } from "../src/index.ts";
import { completeStoreUrl, parseStoreUrl, type StoreChoice } from "../src/options/store-url.ts";
import { fakeIo } from "./fake-io.ts";

async function parse(text: string): Promise<StoreChoice> {
  return completeStoreUrl(parseStoreUrl(text));
}

describe("the URL of a store", () => {
  it.each([
    ["memory:", { type: "memory", shown: "memory:" }],
    ["sqlite:krm.db", { type: "sqlite", file: "krm.db", shown: "sqlite:krm.db" }],
    ["sqlite:/var/lib/krm.db", { type: "sqlite", file: "/var/lib/krm.db" }],
    ["sqlite:///var/lib/krm.db", { type: "sqlite", file: "///var/lib/krm.db" }],
    ["postgres://krm@db:5432/krm", { type: "postgres", shown: "postgres://db:5432/krm" }],
    ["postgresql://krm:secret@db/krm?sslmode=require", { type: "postgres", shown: "postgres://db/krm" }],
    ["redis://r", { type: "redis", shown: "redis://r:6379/0", target: { type: "single", tls: undefined } }],
    ["rediss://r:1/2", { type: "redis", shown: "rediss://r:1/2", target: { tls: { caFile: undefined } } }],
    ["redis+sentinel://a,b/main", { type: "redis", target: { type: "sentinel", masterName: "main" } }],
    ["rediss+sentinel://a/main", { type: "redis", shown: "rediss+sentinel://a:26379/main/0" }],
    ["redis+cluster://a,b:7000", { type: "redis", shown: "redis+cluster://a:6379,b:7000" }],
    ["rediss+cluster://a", { type: "redis", target: { type: "cluster" } }],
    ["REDIS://r", { type: "redis", shown: "redis://r:6379/0" }],
  ])("is read: %s", async (text, choice) => {
    expect(await parse(text)).toMatchObject(choice);
  });

  it.each([
    ["", "this is not the URL of a store: write memory:, sqlite:FILE, "],
    ["memory", "this is not the URL of a store"],
    ["memory:x", "a memory store has no address: write memory:"],
    ["sqlite:", "sqlite: needs a file: write sqlite:FILE"],
    ["sqlite::memory:", "SQLite without a file is gone with the process: write memory:"],
    ["sqlite://krm.db", "sqlite: takes a file without slashes before it"],
    ["postgres:krm", "the URL of the PostgreSQL server cannot be read: write postgres://USER@HOST:5432/DATABASE"],
    ["postgres://db", "the URL of the PostgreSQL server names no database"],
    ["postgres://u:a%b@h/d%", "the URL of the PostgreSQL server has a % that encodes nothing: write a % as %25"],
    ["redis:", "the URL of the Redis server has no scheme"],
    ["redis://", "the URL of the Redis server has no host"],
    ["redis+sentinel://a", "the URL of the Redis server does not name the master"],
    ["redis+tls://a", '"redis+tls:" is not a store that is supported'],
    ["http://a", '"http:" is not a store that is supported'],
  ])("is refused with the right way to write it: %s", async (text, told) => {
    await expect(parse(text)).rejects.toThrow(told);
  });

  /** Every way in which a URL with a password was seen to go wrong, as a word of a command line. */
  const SECRET = "s3cr3t-w0rd";
  it.each([
    [["merge", "pods", "--store", `redis://:${SECRET}@h/x`]],
    [["merge", "pods", "--store", `redis://u:${SECRET}@h?nix=1`]],
    [["merge", "pods", "--store", `redis://u:${SECRET}@h:port`]],
    [["merge", "pods", "--store", `redis://:${SECRET}/more@h`]],
    [["merge", "pods", "--store", `redis://:${SECRET}#more@h`]],
    [["merge", "pods", "--store", `redis://:${SECRET}`]],
    [["merge", "pods", "--store", `redis://:${SECRET}%zz@h`]],
    [["merge", "pods", "--store", `redys://:${SECRET}@h`]],
    [["merge", "pods", "--store", `//:${SECRET}@h`]],
    [["merge", "pods", "--store", `postgres://u:${SECRET}@h/d`]],
    [["monitor", "--store", `postgres://u:${SECRET}@h`]],
    [["monitor", "--store", `postgres://u:${SECRET}@h:port/d`]],
    [["merge", `redis://:${SECRET}@h`]],
    [["merge", "pods", `redis://:${SECRET}@h`, "--store", "redis://h"]],
    [["merge", "pods", `--stor=redis://:${SECRET}@h`]],
    [["merge", "pods", "--stor", `redis://:${SECRET}@h`]],
    [["monitor", `u:${SECRET}@h`]],
    [[`redis://:${SECRET}@h`]],
    [["help", `redis://:${SECRET}@h`]],
  ])("never shows its password: %j", async (argv) => {
    const io = fakeIo();
    expect(await run(argv, io)).toBe(EXIT.usage);
    expect(io.stderr.text).toMatch(/^krm: .+\n$/);
    expect(io.stderr.text).not.toContain(SECRET);
    expect(io.stdout.text).toBe("");
    const variable = fakeIo({ env: { KRM_STORE: argv.at(-1) } });
    await run(["merge", "pods", "--health-listen", "nowhere"], variable);
    expect(variable.stderr.text).not.toContain(SECRET);
  });
});
