import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { MemoryStore, PODS } from "@krm/core";
import { createServer } from "@krm/server";
import { expect, it } from "vitest";
import { fill, metaAt, pod } from "../../packages/server/test/support/fixtures.ts";

const kubectl = process.env["KRM_TEST_KUBECTL"];
const run = promisify(execFile);

it.skipIf(kubectl === undefined)(
  "kubectl does not take it for deleted, what is in a namespace that is not watched",
  { timeout: 60_000 },
  async () => {
    await using store = new MemoryStore();
    const now = { lastContact: Date.now(), verifiedAt: Date.now() };
    await fill(store, { resource: PODS, namespace: "team-a" }, [pod({ name: "a" })], metaAt("100", now));
    await using server = await createServer({ store, listen: { host: "127.0.0.1", port: 0 } });
    const { url } = await server.listen();
    const home = await mkdtemp(join(tmpdir(), "krm-hidden-namespace-"));

    async function k(...args: readonly string[]): Promise<{ readonly code: number; readonly stderr: string }> {
      const env = { ...process.env, HOME: home, KUBECONFIG: join(home, "none") };
      try {
        const { stderr } = await run(kubectl ?? "", [`--server=${url}`, ...args], { env });
        return { code: 0, stderr };
      } catch (error) {
        const { code, stderr } = error as { readonly code: unknown; readonly stderr: string };
        if (typeof code !== "number") throw error;
        return { code, stderr };
      }
    }

    try {
      expect((await k("get", "pod", "a", "-n", "team-a")).code).toBe(0);
      expect((await k("get", "pod", "none", "-n", "team-a", "--ignore-not-found")).code).toBe(0);
      expect((await k("wait", "--for=delete", "pod/none", "-n", "team-a", "--timeout=5s")).code).toBe(0);
      for (const args of [
        ["get", "pod", "a", "--ignore-not-found"],
        ["get", "pods", "--ignore-not-found"],
        ["wait", "--for=delete", "pod/a", "--timeout=5s"],
      ]) {
        const { code, stderr } = await k(...args, "-n", "team-b");
        expect([args, code]).toEqual([args, 1]);
        expect(stderr).toContain('(Forbidden): KRM does not know: pods of namespace "team-b" are not watched here');
      }
      const everywhere = await k("get", "pods", "-A", "--field-selector=metadata.namespace=team-b");
      expect(everywhere).toMatchObject({ code: 1, stderr: expect.stringContaining("(Forbidden)") as string });
    } finally {
      await rm(home, { recursive: true });
    }
  },
);
