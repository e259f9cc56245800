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

const MANIFEST = "packages/core/package.json";
const SOURCES = "packages/*/src/**";
/** What packages are called before the first release. */
const UNRELEASED = "0.0.0";

/** Package sources that differ from when the version was last raised; all of them where it never was. */
function changedSources(root: string): readonly string[] {
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const lines = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");
  const versionIn = (manifest: string): string => (JSON.parse(manifest) as { version: string }).version;
  try {
    const version = versionIn(readFileSync(join(root, MANIFEST), "utf8"));
    if (version === UNRELEASED) return lines(git("ls-files", "--", SOURCES));
    // The changesets have just become this version.
    if (version !== versionIn(git("show", `HEAD:${MANIFEST}`))) return [];
    const [raised = ""] = lines(git("log", "-1", "--format=%H", "-G", '^  "version":', "--", MANIFEST));
    return lines(git("diff", "--name-only", raised, "--", SOURCES));
  } catch {
    // Not a git checkout (a source archive): there is no history to hold it against.
    return [];
  }
}
