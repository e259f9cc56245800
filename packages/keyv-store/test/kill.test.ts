import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { PODS, type Store } from "@krm/core";
import { SeededRandom } from "@krm/testkit";
import { type PostgresServer, withPostgres } from "@krm/testkit/servers";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openPostgresStore, openSqliteStore } from "../src/index.ts";

const SCRIPT = fileURLToPath(new URL("support/commit-for-ever.ts", import.meta.url));
const ROUNDS = 4;

/** Runs the script until it has made so many commits, and kills it somewhere in the next ones. Resolves to the last it told. */
async function killWhileCommitting(args: readonly string[], commits: number, random: SeededRandom): Promise<number> {
  const child = spawn(process.execPath, ["--conditions=krm-source", SCRIPT, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  let [told, count] = [0, 0];
  for await (const line of createInterface({ input: child.stdout })) {
    told = Number(line);
    if (++count !== commits) continue;
    // Somewhere in the next commits: not waiting for anything, but choosing where.
    await setTimeout(random.integer(0, 120));
    child.kill("SIGKILL");
  }
  await closed;
  return told;
}

async function survivesKills(kind: string, place: string, open: () => Promise<Store>): Promise<void> {
  const random = new SeededRandom(kind);
  for (let round = 0; round < ROUNDS; round++) {
    const told = await killWhileCommitting([kind, place], random.integer(1, 4), random);
    expect(told).toBeGreaterThan(0);
    await using store = await open();
    const { meta, objects } = await store.scope({ resource: PODS }).read();
    const version = String(meta.version);
    expect(Number(version)).toBeGreaterThanOrEqual(told);
    expect(new Set(objects.map((object) => object.resourceVersion))).toEqual(new Set([version]));
    expect(objects.map((object) => object.name)).toContain(`only-${version}`);
    expect(objects).toHaveLength(601);
  }
}

test("SQLite: a process that is killed while it commits loses nothing that stood", { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "krm-sqlite-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "state.db");
  await survivesKills("sqlite", file, () => openSqliteStore({ file }));
});

withPostgres(process.env, (postgres) => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await postgres.start();
  }, 60_000);
  afterAll(() => server[Symbol.asyncDispose]());

  test("a process that is killed while it commits loses nothing that stood", { timeout: 60_000 }, async () => {
    await survivesKills("postgres", server.url, () => openPostgresStore({ url: server.url }));
  });
});
