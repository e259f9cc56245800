import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT, run } from "../src/index.ts";
import { fakeIo } from "./fake-io.ts";

// Not a loopback address by its name, and a port that fetch goes to in no case.
const server = "http://0.0.0.0:1";

describe("a token for a server at another machine, over plain HTTP", () => {
  let folder: string;
  let tokenFile: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "krm-token-"));
    tokenFile = join(folder, "token");
    await writeFile(tokenFile, "secret-token\n");
  });
  afterAll(async () => rm(folder, { recursive: true }));

  const told = async (command: string, ...more: readonly string[]): Promise<string> => {
    const io = fakeIo();
    const code = await run([...command.split(" "), "--server", server, "--token-file", tokenFile, ...more], io);
    expect(code).toBe(EXIT.failure);
    return io.stderr.text;
  };

  it.each(["status", "get pods"])("is not sent by krm %s", async (command) => {
    expect(await told(command)).toBe(
      "krm: the token would go to 0.0.0.0:1 over plain HTTP. Name the server by https, or add --allow-insecure-token where you trust the network.\n",
    );
  });

  it.each(["status", "get pods"])("is sent by krm %s with --allow-insecure-token", async (command) => {
    expect(await told(command, "--allow-insecure-token")).toMatch(/^krm: cannot reach http:\/\/0\.0\.0\.0:1\//);
  });
});
