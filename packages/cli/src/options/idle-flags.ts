import type { Command } from "commander";
import { UsageError } from "../errors/usage-error.ts";
import { Flag } from "./flag.ts";

/**
 * Refuses flags that would do nothing. Variables are let through: they may be set for several commands.
 *
 * @param names As commander has them: `tlsCert`.
 * @param when Under which circumstances they do nothing.
 * @throws UsageError
 */
export function refuseIdleFlags(command: Command, names: readonly string[], when: string, hint: string): void {
  const given = command.options.find(
    (option) =>
      option instanceof Flag &&
      names.includes(option.attributeName()) &&
      command.getOptionValueSource(option.attributeName()) === "cli",
  );
  if (given !== undefined) throw new UsageError(`${given.long} does nothing ${when}`, hint);
}
