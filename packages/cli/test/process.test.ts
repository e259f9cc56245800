import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { EXIT } from "../src/index.ts";

const BIN = fileURLToPath(new URL("../src/bin.ts", import.meta.url));
/** A device on which every write fails for want of room: Linux has it. */
const FULL = "/dev/full";

/** Runs `krm` as a process of its own. */
async function krm(argv: readonly string[], stdout: "pipe" | number): Promise<{ code: unknown; err: string }> {
  const child = spawn(process.execPath, ["--conditions=krm-source", BIN, ...argv], {
    stdio: ["ignore", stdout, "pipe"],
  });
  let err = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (err += text));
  // A reader who is not interested at all.
  child.stdout?.destroy();
  const [code] = (await once(child, "close")) as [unknown];
  return { code, err };
}

describe("output", () => {
  it.skipIf(!existsSync(FULL)).each([[["--help"]], [["demo", "--listen", "127.0.0.1:0", "--pods", "3"]]])(
    "that cannot be written is a failure: %j",
    async (argv) => {
      const { code, err } = await krm(argv, openSync(FULL, "w"));
      expect(code).toBe(EXIT.failure);
      expect(err).toMatch(
        /(^|\n)krm: cannot write the output: the disk is full\. Make room, or name a file on another one\.\n$/,
      );
    },
    30_000,
  );

  it("that nobody reads any more ends a command that runs on, and is no failure", async () => {
    const { code, err } = await krm(["demo", "--listen", "127.0.0.1:0", "--pods", "3"], "pipe");
    expect(code).toBe(EXIT.ok);
    expect(err).not.toContain("krm:");
  }, 30_000);
});
