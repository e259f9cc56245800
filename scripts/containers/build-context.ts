// What the image is built of, as .dockerignore says it.
import { globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** What says how it is built: the builder reads it, whatever is let through. */
const RECIPE = ["Dockerfile", ".dockerignore"];

/**
 * The files that are sent to the builder, by their paths in `root`, sorted. Of .dockerignore it understands the form that
 * ours has: everything is left out but what lines with `!` name, and of a folder of which parts are named only those.
 */
export function buildContext(root: string): readonly string[] {
  const lines = readFileSync(join(root, ".dockerignore"), "utf8").split("\n");
  const named = lines.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
  const inParts = (path: string): boolean => lines.some((line) => line.startsWith(`${path}/`));
  const paths = named.filter((path) => !inParts(path)).flatMap((pattern) => globSync(pattern, { cwd: root }));
  return [...RECIPE, ...paths.flatMap((path) => filesBelow(root, path))].toSorted();
}

function filesBelow(root: string, path: string): readonly string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path)).flatMap((name) => filesBelow(root, `${path}/${name}`));
}
