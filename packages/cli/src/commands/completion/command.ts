import { Argument, type Command } from "commander";
import { type Shell, SHELLS } from "../../completion/scripts.ts";
import type { CliIo } from "../../io.ts";
import { logLevelFlag } from "../../options/common-flags.ts";

const EXAMPLES = `
Commands, flags and their values are completed, and, asked of the KRM server (--server, KRM_SERVER) for at most a second:
resources, names of objects and namespaces.

Examples:
  source <(krm completion bash)                                       now; in ~/.bashrc for every shell
  krm completion zsh > "\${fpath[1]}/_krm"                             for every zsh
  krm completion fish > ~/.config/fish/completions/krm.fish           for every fish`;

/** Adds `krm completion`, and what the shells call. */
export function addCompletion(program: Command, io: CliIo): void {
  program
    .command("completion")
    .usage("SHELL")
    .summary("a script by which bash, zsh or fish completes krm")
    .description("Prints a script by which a shell completes what is written after krm.")
    .addArgument(new Argument("<SHELL>", `one of ${SHELLS.join(", ")}`).choices(SHELLS))
    .addOption(logLevelFlag())
    .addHelpText("after", EXAMPLES)
    .action(async (shell: Shell) => {
      const { completionScript } = await import("../../completion/scripts.ts");
      io.stdout.write(completionScript(shell));
    });
  program
    .command("__complete", { hidden: true })
    .description("Prints what the last of the words could be.")
    .argument("[WORDS...]", "those after krm; the last one is being written")
    .action(async (words: readonly string[]) => {
      const { candidateLines } = await import("../../completion/candidates.ts");
      io.stdout.write((await candidateLines(program, words, io)).map((line) => `${line}\n`).join(""));
    });
}
