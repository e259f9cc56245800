// What the commands of a release share.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandFailed, must as mustRun } from "../run/must.mjs";
import { runForwarding } from "../run/processes.mjs";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const dryRun = process.argv.includes("--dry-run");

export const say = (text) => process.stdout.write(`[release] ${text}\n`);

/** Ends the command with a line that says what is wrong, and how to mend it. */
export class Refused extends Error {}

/** Runs a command of a release; what it refuses is one line, what fails is its own words. */
export async function release(run) {
  const unknown = process.argv.slice(2).find((argument) => argument !== "--dry-run");
  try {
    if (unknown !== undefined) throw new Refused(`${unknown} is not known: there is --dry-run, and no other`);
    await run();
  } catch (error) {
    if (!(error instanceof Refused || error instanceof CommandFailed)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

/** The packages that are published, with their folders and manifests. */
export function publishedPackages() {
  return readdirSync(join(root, "packages"))
    .toSorted()
    .map((name) => ({ folder: join(root, "packages", name) }))
    .map(({ folder }) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) }))
    .filter(({ manifest }) => manifest.private !== true);
}

/** The one version of all packages. */
export const version = () => publishedPackages()[0].manifest.version;

/** A variable that says what is not decided here; a dry run does without. */
export function decided(variable, example) {
  const value = process.env[variable];
  if (value) return value;
  if (dryRun) return `$${variable}`;
  throw new Refused(`set ${variable}, such as ${example}: no registry is decided in this repository`);
}

/** Refuses a place that stands for one which is not decided yet; a dry run does without. */
export function refuseUndecided(what, place, mend) {
  if (/\.invalid(?:[:/]|$)/.test(place) && !dryRun) throw new Refused(`${what} is ${place}: ${mend}`);
}

/** The address of the sources, refused where it is not decided yet. */
export function sources({ name, repository }) {
  const mend = "set it to where the sources are, in all packages; npm holds the provenance against it";
  refuseUndecided(`"repository" in the package.json of ${name}`, repository.url, mend);
  return repository.url.replace(/^git\+/, "");
}

/** Prints a command and runs it; a dry run only prints it. */
export async function publish(command, args) {
  say(`${dryRun ? "would run: " : ""}${[command, ...args].join(" ")}`);
  if (dryRun) return;
  const { code } = await runForwarding(command, args, { cwd: root });
  if (code !== 0) throw new Refused(`${command} failed (its words are above)`);
}

/** Runs a command that changes nothing outside of this machine, in the repository; gives what it printed. */
export const must = async (command, args, cwd = root) => mustRun(command, args, { cwd });
