// What is to be released must say so: changesets that can be read, and one at least where packages have changed.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BoundaryReport } from "./boundaries.ts";

/** Which packages a changeset names, and how each is raised. Throws with what is wrong with its text. */
export function parseChangeset(text: string): Readonly<Record<string, string>> {
  const match = /^---\n([^]*?)\n?---\n([^]*)$/.exec(text);
  if (match === null) throw new Error('does not start with a "---" block');
  if ((match[2] as string).trim() === "") throw new Error("says nothing about the change");
  const releases: Record<string, string> = {};
  for (const line of (match[1] as string).split("\n").filter((text) => text.trim() !== "")) {
    const release = /^["']?(@?[^"':]+)["']?:\s*(major|minor|patch)\s*$/.exec(line);
    if (release === null)
      throw new Error(`has the line ${JSON.stringify(line)}, which is no "package": major|minor|patch`);
    releases[release[1] as string] = release[2] as string;
  }
  return releases;
}

/** Checks the pending changesets of the repository at `root` against its packages and its git history. */
export function checkChangesets(root: string): BoundaryReport {
  const errors: string[] = [];
  const packages = new Set(
    readdirSync(join(root, "packages"))
      .map((folder) => join(root, "packages", folder, "package.json"))
      .filter((file) => existsSync(file))
      .map((file) => (JSON.parse(readFileSync(file, "utf8")) as { name: string }).name),
  );
  const files = readdirSync(join(root, ".changeset")).filter((name) => name.endsWith(".md") && name !== "README.md");
  for (const file of files) {
    try {
      for (const name of Object.keys(parseChangeset(readFileSync(join(root, ".changeset", file), "utf8"))))
        if (!packages.has(name)) errors.push(`.changeset/${file}: names ${name}, which is no package here`);
    } catch (error) {
      errors.push(`.changeset/${file}: ${(error as Error).message}`);
    }
  }
  if (files.length === 0) {
    const changed = changedSources(root);
    if (changed.length > 0)
      errors.push(`${changed[0]} has changed since the last release without a changeset: run \`npm run changeset\``);
  }
  return { errors, warnings: [] };
}

/** Package sources that differ from the last release tag; all of them where there is none. */
function changedSources(root: string): readonly string[] {
  const git = (...args: string[]): readonly string[] =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .split("\n")
      .filter((line) => line !== "");
  try {
    const [tag] = git("tag", "--list", "@krm/core@*", "--sort=-creatordate", "--merged", "HEAD");
    const sources = "packages/*/src/**";
    return tag === undefined ? git("ls-files", "--", sources) : git("diff", "--name-only", tag, "--", sources);
  } catch {
    // Not a git checkout (a source archive): there is no history to hold it against.
    return [];
  }
}
