import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

/** A program of `examples/` that runs. */
export interface RunningExample {
  /** Its next line. */
  readonly line: () => Promise<string>;
  /** Resolves with the lines that are left when it has ended well by itself. */
  readonly rest: () => Promise<readonly string[]>;
  /** Tells it to stop; resolves as {@link rest}. */
  readonly stop: () => Promise<readonly string[]>;
}

/** Starts `examples/NAME`. */
export function runExample(name: string, ...args: readonly string[]): RunningExample {
  const file = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
  const child = spawn(process.execPath, ["--conditions=krm-source", file, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const rest = async (): Promise<readonly string[]> => {
    const left: string[] = [];
    for (let next = await lines.next(); next.done !== true; next = await lines.next()) left.push(next.value);
    expect(await exited).toEqual([0, null]);
    return left;
  };
  return {
    line: async () => String((await lines.next()).value),
    rest,
    stop: async () => {
      child.kill();
      return rest();
    },
  };
}
