import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** `docs/operate.md` as it is written. */
export const OPERATE: string = readFileSync(join(ROOT, "docs", "operate.md"), "utf8");

/** One command of the document, as a shell would split it. */
export interface DocumentedCommand {
  readonly line: string;
  readonly program: string;
  readonly args: readonly string[];
}

const BLOCK = /^(?:<!-- file: (?<file>\S+) -->\n\n)?```(?<language>\w*)\n(?<text>[^]*?)^```$/gm;

/** Every line of the document's shell blocks. */
export function commandsOf(document: string): readonly DocumentedCommand[] {
  return [...document.matchAll(BLOCK)]
    .filter(({ groups }) => groups?.["language"] === "sh")
    .flatMap(({ groups }) => (groups?.["text"] ?? "").split("\n"))
    .filter((line) => line !== "")
    .map(commandOf);
}

/** The commands that stand in the text, between backquotes. */
export function inlineCommandsOf(document: string, programs: readonly string[]): readonly DocumentedCommand[] {
  return inlineCode(document)
    .filter((code) => programs.some((program) => code.startsWith(`${program} `)))
    .map(commandOf);
}

/** What stands between backquotes outside of blocks. */
export function inlineCode(document: string): readonly string[] {
  return [...document.replaceAll(BLOCK, "").matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}

/** The files whose text the document gives, by name. */
export function filesOf(document: string): ReadonlyMap<string, string> {
  const named = [...document.matchAll(BLOCK)].filter(({ groups }) => groups?.["file"] !== undefined);
  return new Map(named.map(({ groups }) => [groups?.["file"] ?? "", groups?.["text"] ?? ""]));
}

/** The rows of the first table behind a heading, each as its cells. */
export function rowsOf(document: string, heading: string): readonly (readonly string[])[] {
  const section = document.split(/^#{2,} /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/^\|.*$/gm)].slice(2).map(([line]) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** How GitHub calls the headings and named places of a document in links. */
export function anchorsOf(document: string): ReadonlySet<string> {
  const headings = [...document.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
  return new Set([...headings, ...[...document.matchAll(/<a id="([^"]+)">/g)].map(([, id = ""]) => id)]);
}

/** Words as a shell splits them: quotes are taken off, what it would put in stays as it stands. */
function commandOf(line: string): DocumentedCommand {
  const words = [...line.matchAll(/(?:"[^"]*"|'[^']*'|\$\([^)]*\)|[^\s"'])+/g)].map(([word]) =>
    word.replaceAll(/["']/g, ""),
  );
  const end = words.findIndex((word) => ["|", ">", "&"].includes(word));
  const whole = end === -1 ? words : words.slice(0, end);
  // Variables stand in front of a program; behind it, such a word is an argument.
  const [program = "", ...args] = whole.slice(whole.findIndex((word) => !/^[A-Z_]+=/.test(word)));
  const krm = args.indexOf("--");
  if (program === "npm" && args.slice(0, krm).join(" ") === "run -s krm")
    return { line, program: "krm", args: args.slice(krm + 1) };
  return { line, program, args };
}
