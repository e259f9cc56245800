import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { Written } from "./fake-io.ts";

const BIN = fileURLToPath(new URL("../src/bin.ts", import.meta.url));

/** `krm` as a process of its own. */
export interface KrmProcess {
  readonly stderr: Written;
  /** Sends a signal, and resolves with how it ended. */
  end(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** Starts a {@link KrmProcess}; it does not outlive the test. */
export function krmProcess(argv: readonly string[], env: Readonly<Record<string, string>>): KrmProcess {
  const child = spawn(process.execPath, ["--conditions=krm-source", BIN, ...argv], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...env },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const stderr = new Written();
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.write(text));
  const ended = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  return {
    stderr,
    async end(name) {
      child.kill(name);
      const [code, signal] = await ended;
      return { code, signal };
    },
  };
}
