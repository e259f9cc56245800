import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** What runs a program, besides the Node.js that runs the tests. */
export interface Runtime {
  readonly name: string;
  /** Undefined: it is not there. */
  readonly command: string | undefined;
  /** What goes before the program. `files`: those that the program may read. */
  readonly args: (files: readonly string[]) => readonly string[];
}

/** All that the client promises to run on. */
export const RUNTIMES: readonly Runtime[] = [
  {
    name: "Deno",
    command: nativeBinary("deno", "deno"),
    // Nothing else is allowed: not the environment, and no other machine.
    args: (files) => [
      "run",
      "--no-prompt",
      "--cached-only",
      "--no-lock",
      "--node-modules-dir=manual",
      "--allow-net=127.0.0.1",
      ...files.map((file) => `--allow-read=${file}`),
    ],
  },
  { name: "Bun", command: nativeBinary("bun", "bin/bun"), args: () => ["run", "--no-install"] },
  { name: "the oldest Node.js", command: process.env["KRM_TEST_OLDEST_NODE"], args: () => [] },
];

/** The program in the package for this platform that comes with an npm package: no install script has to run. */
function nativeBinary(name: string, program: string): string | undefined {
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
  const { optionalDependencies } = JSON.parse(readFileSync(manifest, "utf8")) as {
    readonly optionalDependencies: Readonly<Record<string, string>>;
  };
  const require = createRequire(manifest);
  for (const platform of Object.keys(optionalDependencies)) {
    try {
      const folder = dirname(require.resolve(`${platform}/package.json`));
      const path = [program, `${program}.exe`].map((file) => join(folder, file)).find((file) => existsSync(file));
      if (path !== undefined) return path;
    } catch {
      // Another platform's.
    }
  }
  return undefined;
}
