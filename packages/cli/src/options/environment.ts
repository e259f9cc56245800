import type { Command } from "commander";
import { UsageError } from "../errors/usage-error.ts";
import { Flag } from "./flag.ts";

const TRUE = ["true", "1", "yes", "on"];
const FALSE = ["false", "0", "no", "off"];

/**
 * Fills in, from `KRM_…` variables, the flags that the command line left out. An empty variable counts as unset, and so
 * does one that a flag on the command line excludes.
 *
 * @throws UsageError for a value that cannot be read, naming the variable, and for two that exclude each other.
 */
export function applyEnvironment(command: Command, env: Readonly<Record<string, string | undefined>>): void {
  const flags = flagsOf(command);
  const given = flags.filter((each) => isGiven(command, each));
  for (const each of flags) {
    const text = env[each.variable];
    if (text === undefined || text === "" || given.some((other) => other === each || other.excludes(each))) continue;
    const value = each.isBoolean() ? readSwitch(text, each.variable) : each.read(text, each.variable);
    command.setOptionValueWithSource(each.attributeName(), value, "env");
  }
  refuseContradictions(command, flags);
}

/**
 * Reads the rest of what was given, where a flag has a second half to it.
 *
 * @throws UsageError for a value that cannot be read, naming the flag or the variable.
 */
export async function completeFlags(command: Command): Promise<void> {
  for (const each of flagsOf(command)) {
    if (!isGiven(command, each)) continue;
    const name = each.attributeName();
    const value = await each.complete(command.getOptionValue(name), originOf(command, each));
    command.setOptionValueWithSource(name, value, command.getOptionValueSource(name));
  }
}

function flagsOf(command: Command): readonly Flag[] {
  return command.options.filter((option) => option instanceof Flag);
}

function refuseContradictions(command: Command, flags: readonly Flag[]): void {
  const given = flags.filter((each) => isGiven(command, each));
  for (const [index, first] of given.entries()) {
    const second = given.slice(index + 1).find((other) => other.excludes(first));
    if (second === undefined) continue;
    const [one, other] = [first, second].map((each) => originOf(command, each));
    throw new UsageError(`${one} and ${other} exclude each other`, "Leave one of them out.");
  }
}

/** A switch that a variable turns off says nothing. */
function isGiven(command: Command, option: Flag): boolean {
  const source = command.getOptionValueSource(option.attributeName());
  return source !== undefined && source !== "default" && command.getOptionValue(option.attributeName()) !== false;
}

/** The name under which a value was given. */
function originOf(command: Command, option: Flag): string {
  const fromEnvironment = command.getOptionValueSource(option.attributeName()) === "env";
  return fromEnvironment ? option.variable : (option.long ?? option.flags);
}

function readSwitch(text: string, variable: string): boolean {
  const word = text.toLowerCase();
  if (TRUE.includes(word)) return true;
  if (FALSE.includes(word)) return false;
  throw new UsageError(`${variable}: ${JSON.stringify(text)} is neither true nor false`, `Write ${variable}=true.`);
}
