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
    command: process.env["KRM_TEST_DENO"],
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
  { name: "Bun", command: process.env["KRM_TEST_BUN"], args: () => ["run", "--no-install"] },
  { name: "the oldest Node.js", command: process.env["KRM_TEST_OLDEST_NODE"], args: () => [] },
];
