// The client on runtimes other than the one that it is made on, against the real server.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bundle, bundle } from "./client-bundle.ts";
import { RUNTIMES } from "./runtimes.ts";
import { type StillCluster, stillCluster } from "../support/still-cluster.ts";
import { STEPS } from "./steps.ts";

let program: Bundle;
beforeAll(async () => {
  program = await bundle("program");
});
afterAll(() => program[Symbol.dispose]());

describe.each(RUNTIMES)("on $name", ({ args, command }) => {
  const run = async (served: StillCluster, files: readonly string[]): Promise<readonly string[]> => {
    const child = spawn(command ?? "", [...args(files), program.file, served.url, ...files], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { PATH: process.env["PATH"], HOME: tmpdir(), DENO_DIR: dirname(program.file) },
    });
    const exited = once(child, "exit");
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (line.startsWith("synced")) served.change();
    }
    expect(await exited).toEqual([0, null]);
    return lines;
  };

  test.skipIf(command === undefined)("it lists, gets, watches and leaves, with client-node's objects too", async () => {
    await using served = await stillCluster();
    expect(await run(served, [])).toEqual([...STEPS, "client-node true"]);
  });

  test.skipIf(command === undefined)("it asks with the token of a file, and nothing else may be read", async () => {
    const folder = mkdtempSync(join(tmpdir(), "krm-platforms-"));
    try {
      const file = join(folder, "token");
      writeFileSync(file, "secret-of-a-test\n");
      await using served = await stillCluster({ tokens: file });
      expect(await run(served, [file])).toEqual(STEPS);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
