import { spawn } from "node:child_process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { PODS } from "@krm/core";
import { expect, it } from "vitest";
import { serveCluster } from "./support/served-cluster.ts";

const kubectl = process.env["KRM_TEST_KUBECTL"];

it.skipIf(kubectl === undefined)(
  "kubectl get -w prints what it prints of an API server",
  { timeout: 60_000 },
  async () => {
    await using served = await serveCluster({ pods: 40, nodes: 4 });
    const { cluster, files } = served;
    const { name, namespace } = cluster.list(PODS).items[0]!.metadata;
    const kinds = [
      ["get", "pods", "-A", "-w", "-o", "wide"],
      ["get", "pods", "-n", namespace ?? "", "-w", "--output-watch-events", "-l", "step!=two"],
      ["get", "pods", "-n", namespace ?? "", "-w", "-o", "json", "--output-watch-events", "--watch-only"],
      ["wait", "pods", "-n", namespace ?? "", name, "--for=delete", "--timeout=50s"],
    ];
    const told = new Map<string, string>();
    const running = kinds.flatMap((args, i) =>
      (["apiServer", "krm"] as const).map((config) => {
        const child = spawn(kubectl ?? "", args, {
          env: { ...process.env, KUBECONFIG: files[config], HOME: files.home },
        });
        told.set(`${i} ${config}`, "");
        const add = (chunk: Buffer): void =>
          void told.set(`${i} ${config}`, told.get(`${i} ${config}`) + chunk.toString());
        child.stdout.on("data", add);
        child.stderr.on("data", add);
        return child;
      }),
    );
    const text = (i: number, config: string): string => told.get(`${i} ${config}`) ?? "";
    const until = async (met: () => boolean, what: string): Promise<void> => {
      const end = Date.now() + 20_000;
      while (!met()) {
        if (Date.now() > end)
          throw new Error(`${what}: ${JSON.stringify(Object.fromEntries(told), null, 1).slice(0, 3000)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        await nextTurn();
      }
    };
    await until(() => [text(0, "krm"), text(0, "apiServer")].every((each) => each.split("\n").length > 40), "lists");
    await until(() => [text(1, "krm"), text(1, "apiServer")].every((each) => each.includes("ADDED")), "lists");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    for (const step of ["one", "two", "one"]) {
      cluster.patch(PODS, namespace, name, { metadata: { labels: { step } } });
      await served.follow();
    }
    cluster.delete(PODS, namespace, name, { gracePeriodSeconds: 0 });
    await served.follow();
    await until(() => ["krm", "apiServer"].every((config) => text(1, config).split("DELETED").length === 3), "deleted");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    for (const i of kinds.keys()) expect(text(i, "krm"), kinds[i]!.join(" ")).toBe(text(i, "apiServer"));
    for (const child of running) child.kill();
  },
);
