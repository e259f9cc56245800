import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { PODS } from "@krm/core";
import { generateCluster, SimApiServer, SimCluster } from "@krm/testkit";
import { expect, onTestFinished } from "vitest";
import { writeKubeconfig } from "../src/files/write-kubeconfig.ts";
import { EXIT, run } from "../src/index.ts";
import { type FakeIo, fakeIo } from "./fake-io.ts";

/** A command that runs on in this process. */
export interface Running {
  readonly io: FakeIo;
  readonly code: Promise<number>;
}

/** A simulated cluster without controllers, which changes only when told, and is compared with what KRM serves of it. */
export interface ServedCluster extends AsyncDisposable {
  /** A folder for a test's files. */
  readonly folder: string;
  readonly kubeconfig: string;
  /** A kubeconfig of the same cluster at an address where nobody answers. */
  readonly away: string;
  /** Adds a pod, and removes the one before. */
  change(): void;
  /** Resolves when a server tells of every pod in the version in which the cluster has it, and of no other. */
  untilServed(url: string): Promise<void>;
}

/** Starts a {@link ServedCluster}. */
export async function servedCluster(): Promise<ServedCluster> {
  const folder = await mkdtemp(join(tmpdir(), "krm-cli-"));
  const cluster = new SimCluster({ seed: 7 });
  generateCluster(cluster, { pods: 30, seed: 7 });
  const server = new SimApiServer({ cluster, seed: 7 });
  await server.listen({ host: "127.0.0.1", port: 0 });
  const [kubeconfig, away] = [join(folder, "kubeconfig"), join(folder, "away")];
  const text = server.kubeconfig();
  await writeKubeconfig(text, kubeconfig);
  // Port 9 (discard) is one on which nothing listens here.
  await writeKubeconfig(text.replace(/127\.0\.0\.1:\d+/, "127.0.0.1:9"), away);
  let created = 0;
  return {
    folder,
    kubeconfig,
    away,
    change() {
      const name = `new-${++created}`;
      cluster.create(PODS, { metadata: { name, namespace: "default" }, spec: {} });
      if (created > 1) cluster.delete(PODS, "default", `new-${created - 1}`);
    },
    async untilServed(url) {
      for (;;) {
        const served = versionsIn(await (await fetch(`${url}/pods`)).json());
        const actual = versionsIn(cluster.list(PODS));
        if (actual.length > 0 && JSON.stringify(served) === JSON.stringify(actual)) return;
        await pause(50);
      }
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

function versionsIn(list: unknown): string[] {
  const { items = [] } = list as {
    readonly items?: readonly { readonly metadata: Readonly<Record<string, unknown>> }[];
  };
  return items
    .map(
      ({ metadata }) =>
        `${String(metadata["namespace"])}/${String(metadata["name"])}@${String(metadata["resourceVersion"])}`,
    )
    .toSorted();
}

/** Begins a command in this process; it does not outlive the test. */
export function begin(env: FakeIo["env"], ...argv: string[]): Running {
  const io = fakeIo({ env });
  onTestFinished(() => io.end());
  return { io, code: run(argv, io) };
}

/** Asks commands to end, and expects that they do so well. */
export async function end(...running: readonly Running[]): Promise<void> {
  for (const { io } of running) io.end();
  for (const { code, io } of running) {
    expect([await code, /"level":"error"|krm:/.exec(io.stderr.text)]).toEqual([EXIT.ok, null]);
  }
}

/** Where a command listens, as its log says. */
export async function urlOf({ io }: Running): Promise<string> {
  return (await io.stderr.matching(/"url":"([^"]+)"/))[1] ?? "";
}
