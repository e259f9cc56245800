import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Starts `scripts/run.mjs` with a program of Node.js; its lines come as they are printed. */
function run(program: string): { child: ChildProcess; lines: AsyncIterator<string>; end: Promise<readonly unknown[]> } {
  const child = spawn(process.execPath, ["scripts/run.mjs", "node", "-e", program], {
    cwd: root,
    // No terminal anywhere: what its keys send reaches the command without help, and is not passed on.
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, lines, end: once(child, "close") };
}

async function rest(lines: AsyncIterator<string>): Promise<readonly string[]> {
  const all: string[] = [];
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) all.push(next.value);
  return all;
}

describe("scripts/run.mjs", () => {
  test("runs the Node.js that all runs on, and says nothing of its own", async () => {
    const { lines, end } = run("console.log(process.versions.node)");
    expect(await rest(lines)).toEqual([process.versions.node]);
    expect(await end).toEqual([0, null]);
  });

  test("ends with the exit code of its command", async () => {
    expect(await run("process.exit(7)").end).toEqual([7, null]);
  });

  test("ends by the signal that ended its command", async () => {
    expect(await run('process.kill(process.pid, "SIGKILL")').end).toEqual([null, "SIGKILL"]);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("passes on %s, once, and waits for its command", async (signal) => {
    const program = `
      let count = 0;
      process.on("${signal}", () => {
        count++;
        setTimeout(() => { console.log("signals: " + count); process.exit(3); }, 300);
      });
      setInterval(() => {}, 1000);
      console.log("up");`;
    const { child, lines, end } = run(program);
    expect((await lines.next()).value).toBe("up");
    child.kill(signal);
    expect(await rest(lines)).toEqual(["signals: 1"]);
    expect(await end).toEqual([3, null]);
  });

  test("names a command that does not exist", async () => {
    const child = spawn(process.execPath, ["scripts/run.mjs", "no-such-command"], {
      cwd: root,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let text = "";
    child.stderr.setEncoding("utf8").on("data", (part: string) => (text += part));
    expect(await once(child, "close")).toEqual([1, null]);
    expect(text).toBe("[run] no-such-command was not found: is it on PATH?\n");
  });
});
