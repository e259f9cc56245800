import type { Command } from "commander";
import { Flag } from "../options/flag.ts";

/** A word that could stand where the cursor is. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What could stand where the cursor is, before anybody is asked. */
export type Asked =
  | { readonly type: "words"; readonly words: readonly Candidate[] }
  /** What is watched by the server that the command reads from. */
  | { readonly type: "resources" }
  | { readonly type: "objects"; readonly resource: string; readonly before: string }
  | { readonly type: "namespaces"; readonly before: string }
  | { readonly type: "files" };

/** The command that is being written, with what of it is known. */
export interface AskedCommand {
  readonly asked: Asked;
  /** Values of its flags so far, by their long names: `--server`. */
  readonly given: ReadonlyMap<string, string>;
}

const NOTHING: Asked = { type: "words", words: [] };
/** These read from a server, which knows its resources. */
const READERS: readonly string[] = ["get", "watch"];

/**
 * What the last of the words could be. They are those after `krm`; the last one is being written, and may be empty. Pure.
 *
 * @param resources of the commands that read from the cluster
 */
export function askedBy(program: Command, words: readonly string[], resources: readonly Candidate[]): AskedCommand {
  const current = words.at(-1) ?? "";
  const [name, ...rest] = words.slice(0, -1);
  const command = program.commands.find((each) => each.name() === name);
  if (name === undefined || name === "help") {
    const asked: Asked =
      current.startsWith("-") && name === undefined ? flagsOf(program, new Map()) : wordsOf(commandsOf(program));
    return { asked, given: new Map() };
  }
  if (command === undefined) return { asked: NOTHING, given: new Map() };
  const { given, operands, open } = readWords(command, rest);
  return { asked: afterCommand(command, { current, given, operands, open }, resources), given };
}

interface ReadWords {
  readonly given: ReadonlyMap<string, string>;
  readonly operands: readonly string[];
  /** A flag whose value comes next. */
  readonly open: Flag | undefined;
}

function readWords(command: Command, words: readonly string[]): ReadWords {
  const given = new Map<string, string>();
  const operands: string[] = [];
  let open: Flag | undefined;
  for (const word of words) {
    if (open !== undefined) {
      given.set(open.long ?? "", word);
      open = undefined;
      continue;
    }
    const [, name = "", value] = /^(--?[^=]+)(?:=(.*))?$/su.exec(word) ?? [];
    const flag = flagNamed(command, name);
    if (!word.startsWith("-")) operands.push(word);
    else if (flag === undefined) continue;
    else if (value !== undefined || flag.isBoolean()) given.set(flag.long ?? "", value ?? "true");
    else open = flag;
  }
  return { given, operands, open };
}

function afterCommand(
  command: Command,
  { current, given, operands, open }: ReadWords & { readonly current: string },
  resources: readonly Candidate[],
): Asked {
  if (open !== undefined) return valuesOf(open, "");
  if (current.startsWith("-")) {
    const [, name = "", value] = /^(--[^=]+)=(.*)$/su.exec(current) ?? [];
    if (value === undefined) return flagsOf(command, given);
    const flag = flagNamed(command, name);
    return flag === undefined ? NOTHING : valuesOf(flag, `${name}=`);
  }
  const { registeredArguments: taken } = command;
  const argument = taken[operands.length] ?? (taken.at(-1)?.variadic === true ? taken.at(-1) : undefined);
  if (argument === undefined) return NOTHING;
  if (argument.argChoices !== undefined)
    return wordsOf(argument.argChoices.map((value) => ({ value, description: "" })));
  const [resource = ""] = operands;
  if (argument.name() === "NAME") return { type: "objects", resource, before: "" };
  if (!argument.name().startsWith("RESOURCE")) return NOTHING;
  if (!READERS.includes(command.name())) return wordsOf(resources);
  const slash = current.indexOf("/");
  if (slash === -1) return { type: "resources" };
  return { type: "objects", resource: current.slice(0, slash), before: current.slice(0, slash + 1) };
}

/** What a flag takes: its words, else what its name in the help says. */
function valuesOf(flag: Flag, before: string): Asked {
  if (flag.values.length > 0) return wordsOf(flag.values.map((value) => ({ value: before + value, description: "" })));
  if (flag.attributeName() === "namespace") return { type: "namespaces", before };
  return /<(?:FILE|FOLDER|DIR)\b/u.test(flag.flags) && before === "" ? { type: "files" } : NOTHING;
}

function wordsOf(words: readonly Candidate[]): Asked {
  return { type: "words", words };
}

function commandsOf(program: Command): readonly Candidate[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((each) => ({ value: each.name(), description: each.summary() || each.description() }));
}

/** Those that were not given yet, by their long names. */
function flagsOf(command: Command, given: ReadonlyMap<string, string>): Asked {
  const flags = command.createHelp().visibleOptions(command);
  return wordsOf(
    flags.flatMap(({ long, description }) =>
      typeof long !== "string" || given.has(long) ? [] : [{ value: long, description }],
    ),
  );
}

function flagNamed(command: Command, name: string): Flag | undefined {
  return command.options
    .filter((option) => option instanceof Flag)
    .find(({ long, short }) => long === name || short === name);
}
