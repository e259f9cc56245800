import { join } from "node:path";
import { withPostgres } from "@krm/testkit/servers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT, run } from "../src/index.ts";
import { fakeIo } from "./fake-io.ts";
import { begin, end, type ServedCluster, servedCluster, urlOf } from "./served-cluster.ts";

const SERVE = ["monitor", "pods", "--serve", "--listen", "127.0.0.1:0"];

let cluster: ServedCluster;

beforeAll(async () => {
  cluster = await servedCluster();
}, 60_000);

afterAll(async () => cluster[Symbol.asyncDispose](), 30_000);

/** A monitor, ended and started anew while the cluster is away. */
async function survives(store: string): Promise<void> {
  const first = begin({ KRM_STORE: store }, ...SERVE, "--kubeconfig", cluster.kubeconfig);
  await cluster.untilServed(await urlOf(first));
  await end(first);
  const second = begin({ KRM_STORE: store }, ...SERVE, "--kubeconfig", cluster.away);
  await cluster.untilServed(await urlOf(second));
  await end(second);
}

describe("a monitor over SQLite", () => {
  it("answers at once after a restart, also while the cluster is away", async () => {
    await survives(`sqlite:${join(cluster.folder, "krm.db")}`);
  }, 60_000);

  it("warns where nobody can read", async () => {
    const store = `sqlite:${join(cluster.folder, "unread.db")}`;
    const monitor = begin({}, "monitor", "pods", "--store", store, "--kubeconfig", cluster.kubeconfig);
    const told = await monitor.io.stderr.matching(/nobody can read what is monitored: (\S+) belongs to this process/);
    expect(told[1]).toBe(store);
    await end(monitor);
  }, 60_000);

  it("ends in one line where the file cannot be used", async () => {
    const io = fakeIo();
    const store = `sqlite:${join(cluster.folder, "nowhere", "krm.db")}`;
    expect(await run(["monitor", "--store", store, "--kubeconfig", cluster.kubeconfig], io)).toBe(EXIT.failure);
    expect(io.stderr.text).toMatch(/^\{"level":"error",.*"code":"KRM_STORE_UNUSABLE".*nowhere.*\}\n$/);
  });
});

withPostgres(process.env, (starter) => {
  it("a monitor over PostgreSQL answers at once after a restart; who may not in is told, without the password", async () => {
    await using postgres = await starter.start({ password: "sesame" });
    await survives(postgres.url);
    const io = fakeIo({ env: { KRM_STORE: postgres.url.replace("sesame", "wrong0ne") } });
    expect(await run(["monitor", "--kubeconfig", cluster.kubeconfig], io)).toBe(EXIT.failure);
    expect(io.stderr.text).toMatch(/^\{.*"msg":".*the user or the password is wrong.*\}\n$/);
    expect(io.stderr.text).not.toContain("wrong0ne");
  }, 60_000);
});
