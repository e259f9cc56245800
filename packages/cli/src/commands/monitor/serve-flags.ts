import type { Command } from "commander";
import { UsageError } from "../../errors/usage-error.ts";
import { Flag } from "../../options/flag.ts";

const ONLY_WITH_SERVE = ["listen", "auth", "tlsCert", "tlsKey"];

/**
 * Refuses flags that would do nothing, since nothing is served. Variables are let through: they may be set for several
 * commands.
 *
 * @throws UsageError
 */
export function refuseWithoutServe(command: Command): void {
  const given = command.options.find(
    (option) =>
      option instanceof Flag &&
      ONLY_WITH_SERVE.includes(option.attributeName()) &&
      command.getOptionValueSource(option.attributeName()) === "cli",
  );
  if (given === undefined) return;
  throw new UsageError(`${given.long} does nothing without --serve`, "Add --serve, or leave it out.");
}
