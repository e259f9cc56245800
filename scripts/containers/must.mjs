// Commands that have to succeed.
import { capture } from "../run/processes.mjs";

const environment = (env) => ({ env: { ...process.env, ...env } });

/** Runs a command; gives what it printed. Throws with that when it fails, and Stopped on a signal. */
export async function must(command, args, env = {}) {
  const { code, output } = await capture(command, args, environment(env));
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${output.trim()}`);
  return output.trim();
}

/** Runs a command; gives its exit code alone. */
must.code = async (command, args, env = {}) => (await capture(command, args, environment(env))).code;
