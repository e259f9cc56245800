import { existsSync, readdirSync, readFileSync } from "node:fs";

/** A Lua script, ready to be sent. */
export interface LuaScript {
  /** The file's name without what follows: `commit` for `commit-5.lua`. */
  readonly name: string;
  /** How many keys it takes, by its file's name. */
  readonly numberOfKeys: number;
  /** Its source, with what it includes. */
  readonly lua: string;
}

/**
 * Where the scripts of this package are. This module is in their folder as source, and in the folder above it once it
 * is built.
 */
export function scriptFolder(): URL {
  const built = new URL("./scripts/", import.meta.url);
  return existsSync(built) ? built : new URL("./", import.meta.url);
}

/**
 * Reads every script of a folder: `NAME-KEYS.lua`. A line `-- @include NAME` is replaced by `includes/NAME.lua`, which
 * may include others; each is included once, where it is first asked for.
 *
 * @throws Error when there is none, for a file that is not named so, and for an include that is missing or goes in a
 * circle
 */
export function loadScripts(folder: URL = scriptFolder()): readonly LuaScript[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".lua"));
  if (files.length === 0) throw new Error(`there are no Lua scripts in ${folder.href}`);
  return files.toSorted().map((file) => {
    const [, name, keys] = /^([a-z][a-z0-9-]*)-(\d+)\.lua$/.exec(file) ?? [];
    if (name === undefined) throw new Error(`${file} is not named like NAME-KEYS.lua`);
    return { name, numberOfKeys: Number(keys), lua: includeAll(folder, file, new Set(), []) };
  });
}

function includeAll(folder: URL, file: string, included: Set<string>, path: readonly string[]): string {
  if (path.includes(file)) throw new Error(`scripts include each other: ${[...path, file].join(", ")}`);
  let source: string;
  try {
    source = readFileSync(new URL(file, folder), "utf8");
  } catch (cause) {
    throw new Error(`cannot read the script ${[...path, file].join(", which includes ")}`, { cause });
  }
  return source.replaceAll(/^--+ @include (\S+)[ \t]*$/gm, (_, name: string) => {
    const include = `includes/${name}.lua`;
    if (path.includes(include) || include === file)
      throw new Error(`scripts include each other: ${[...path, file, include].join(", ")}`);
    if (included.has(include)) return "";
    included.add(include);
    return includeAll(folder, include, included, [...path, file]);
  });
}
