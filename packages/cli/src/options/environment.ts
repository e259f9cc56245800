import type { Command } from "commander";
import { UsageError } from "../errors/usage-error.ts";
import { Flag } from "./flag.ts";

const TRUE = ["true", "1", "yes", "on"];
const FALSE = ["false", "0", "no", "off"];

/**
 * Fills in, from `KRM_…` variables, the flags that the command line left out. An empty variable counts as unset.
 *
 * @throws UsageError for a value that cannot be read, naming the variable.
 */
export function applyEnvironment(command: Command, env: Readonly<Record<string, string | undefined>>): void {
  for (const option of command.options) {
    if (!(option instanceof Flag)) continue;
    const name = option.attributeName();
    const text = env[option.variable];
    const source = command.getOptionValueSource(name);
    if (text === undefined || text === "" || (source !== undefined && source !== "default")) continue;
    const value = option.isBoolean() ? readSwitch(text, option.variable) : option.read(text, option.variable);
    command.setOptionValueWithSource(name, value, "env");
  }
}

function readSwitch(text: string, variable: string): boolean {
  const word = text.toLowerCase();
  if (TRUE.includes(word)) return true;
  if (FALSE.includes(word)) return false;
  throw new UsageError(`${variable}: ${JSON.stringify(text)} is neither true nor false`, `Write ${variable}=true.`);
}
