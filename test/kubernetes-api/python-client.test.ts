import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PODS } from "@krm/core";
import type { SimObject } from "@krm/testkit";
import { withPythonClient } from "@krm/testkit/servers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveCluster, type ServedCluster } from "./support/served-cluster.ts";

const run = promisify(execFile);
const script = fileURLToPath(new URL("support/read_with_python.py", import.meta.url));

interface Read {
  readonly lists: Readonly<Record<string, { readonly items: readonly unknown[] }>>;
  readonly label: { readonly items: readonly unknown[] };
  readonly node: { readonly items: readonly unknown[] };
  readonly pages: readonly { readonly names: readonly string[] }[];
  readonly missing: { readonly status: number; readonly body: { readonly reason: string } };
  readonly nonsense: { readonly status: number };
  readonly write: { readonly status: number };
}

type Told = readonly [
  type: string,
  name: string,
  version: string,
  labels: Readonly<Record<string, string>>,
  at: string,
];

withPythonClient(process.env, (python) => {
  describe("Kubernetes' client for Python on KRM's Kubernetes API", { timeout: 60_000 }, () => {
    let served: ServedCluster;
    let pod: SimObject;

    beforeAll(async () => {
      served = await serveCluster({ pods: 60, nodes: 4 });
      pod = served.cluster.list(PODS).items[7] as SimObject;
    });
    afterAll(async () => served[Symbol.asyncDispose]());

    async function ask<T>(config: "apiServer" | "krm", args: readonly string[]): Promise<T> {
      const { files } = served;
      // What it discovers it keeps in the folder for temporary files, by the server's address.
      const temporary = join(files.home, `${config}-tmp`);
      await mkdir(temporary, { recursive: true });
      const env = { ...process.env, KUBECONFIG: files[config], HOME: files.home, TMPDIR: temporary };
      const { stdout } = await run(python, [script, ...args], { env, maxBuffer: 64 * 1024 * 1024 });
      return JSON.parse(stdout) as T;
    }

    async function both<T>(...args: readonly string[]): Promise<{ readonly ours: T; readonly theirs: T }> {
      const [ours, theirs] = await Promise.all([ask<T>("krm", args), ask<T>("apiServer", args)]);
      return { ours, theirs };
    }

    it("lists of the six kinds, with selectors and in pages, an object and errors are those of the API server", async () => {
      const { labels = {}, namespace = "", name } = pod.metadata;
      const [label] = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
      const { nodeName = "" } = pod["spec"] as { nodeName?: string };
      const { ours, theirs } = await both<Read>("read", namespace, name, nodeName, label ?? "");
      for (const part of Object.keys(theirs) as (keyof Read)[])
        if (part !== "write") expect(ours[part], part).toEqual(theirs[part]);
      // It is put to the test.
      for (const [kind, { items }] of Object.entries(ours.lists)) expect(items.length, kind).toBeGreaterThan(0);
      expect(ours.lists["pods"]?.items).toHaveLength(60);
      expect(ours.label.items.length).toBeGreaterThan(0);
      expect(ours.node.items.length).toBeGreaterThan(0);
      expect(ours.pages.map(({ names }) => names.length)).toEqual([7, 7, 7, 7, 7, 7, 7, 7, 4]);
      expect(ours.missing).toMatchObject({ status: 404, body: { reason: "NotFound" } });
      expect(ours.nonsense.status).toBe(400);
      // KRM only reads.
      expect([ours.write.status, theirs.write.status]).toEqual([405, 404]);
    });

    it("a watch tells what happened after a version, and goes on where another one stopped", async () => {
      const { cluster } = served;
      const { version } = cluster;
      const [first, second, third] = cluster.list(PODS).items as [SimObject, SimObject, SimObject];
      for (const [index, { metadata }] of [first, second, first, third].entries())
        cluster.patch(PODS, metadata.namespace ?? "", metadata.name, { metadata: { labels: { step: String(index) } } });
      cluster.delete(PODS, second.metadata.namespace ?? "", second.metadata.name, { gracePeriodSeconds: 0 });
      await served.follow();
      const { ours, theirs } = await both<readonly Told[]>("watch", version, "6");
      expect(ours).toEqual(theirs);
      expect(ours.map(([type]) => type)).toEqual([...Array.from({ length: 5 }, () => "MODIFIED"), "DELETED"]);
    });

    it("a version that is too old is the error that it is at the API server", async () => {
      served.cluster.compact();
      const { ours, theirs } = await both<{ readonly status: number; readonly reason: string }>("expired", "1");
      expect(ours.status).toBe(410);
      expect(theirs.status).toBe(410);
      // The second number is each one's own.
      const shape = /^(Expired: too old resource version: 1) \(\d+\)$/;
      expect(ours.reason).toMatch(shape);
      expect(theirs.reason).toMatch(shape);
    });
  });
});
