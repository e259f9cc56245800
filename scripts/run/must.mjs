// Commands that have to succeed.
import { capture } from "./processes.mjs";

/** A command failed. The message has what it was, and its own words. */
export class CommandFailed extends Error {}

/**
 * Runs a command; gives what it printed, without the space around. `env`: beside this process's own. Throws CommandFailed,
 * and Stopped on a signal.
 */
export async function must(command, args, { cwd, env } = {}) {
  const { code, output } = await capture(command, args, { cwd, env: { ...process.env, ...env } });
  if (code !== 0) throw new CommandFailed(`${command} ${args.join(" ")} ended with ${code}:\n${output.trim()}`);
  return output.trim();
}
