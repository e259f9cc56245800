import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs podman; gives what it printed. @throws Error with podman's own words. */
export async function podman(...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run("podman", [...args], { maxBuffer: 64 * 1024 * 1024 });
    return stdout.trim();
  } catch (error) {
    const { stderr = "", message } = error as { readonly stderr?: string; readonly message: string };
    // Arguments may hold secrets of the test, and are long.
    throw new Error(`podman ${args[0]} ${args[1] ?? ""}: ${stderr.trim() === "" ? message : stderr.trim()}`, {
      cause: error,
    });
  }
}

/** Resolves to a container's exit code once it has ended. */
export async function exitCodeOf(container: string): Promise<number> {
  return Number(await podman("wait", container));
}

/** The last lines that a container printed, for people. */
export async function lastLines(container: string, count: number): Promise<string> {
  try {
    const { stdout, stderr } = await run("podman", ["logs", "--tail", String(count), container]);
    return `${stdout}${stderr}`.trim();
  } catch {
    return "(no log)";
  }
}
