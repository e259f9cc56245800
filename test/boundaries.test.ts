import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { checkBoundaries, importsOf } from "../scripts/check/boundaries.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

test("the packages of this repository keep to the rules", () => {
  expect(checkBoundaries(root).errors).toEqual([]);
});

describe("what breaks a rule is found", () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  const repository = (files: Record<string, string>): string => {
    const folder = mkdtempSync(join(tmpdir(), "krm-boundaries-"));
    folders.push(folder);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return folder;
  };
  const manifest = (name: string, rest: object = {}): string => JSON.stringify({ name: `@krm/${name}`, ...rest });
  const server = manifest("server", { dependencies: { "@krm/core": "workspace:^" } });

  test.each([
    [
      "an edge in a manifest",
      { "packages/core/package.json": manifest("core", { dependencies: { "@krm/server": "*" } }) },
    ],
    [
      "a third-party dependency of core",
      { "packages/core/package.json": manifest("core", { dependencies: { undici: "8" } }) },
    ],
    ["a package that nobody planned", { "packages/extra/package.json": manifest("extra") }],
    ["a package under another name", { "packages/core/package.json": manifest("kernel") }],
    [
      "a development dependency on cli",
      { "packages/core/package.json": manifest("core", { devDependencies: { "@krm/cli": "*" } }) },
    ],
    [
      "an import against the edges",
      { "packages/server/package.json": server, "packages/server/src/a.ts": 'import type { A } from "@krm/client";\n' },
    ],
    [
      "a dynamic import against the edges",
      {
        "packages/server/package.json": server,
        "packages/server/src/a.ts": 'const a = await import("@krm/testkit");\n',
      },
    ],
    [
      "an import that the manifest lacks",
      { "packages/server/package.json": server, "packages/server/src/a.ts": 'export { a } from "@krm/protocol";\n' },
    ],
    [
      "a test that imports cli",
      { "packages/server/package.json": server, "packages/server/test/a.test.ts": 'import { a } from "@krm/cli";\n' },
    ],
    [
      "a path into another package",
      {
        "packages/server/package.json": server,
        "packages/server/src/a/b.ts": 'import { a } from "../../../core/src/a.ts";\n',
      },
    ],
    [
      "an environment variable outside cli",
      { "packages/server/package.json": server, "packages/server/src/a.ts": "const port = process.env.PORT;\n" },
    ],
    [
      "an environment variable by import",
      { "packages/server/package.json": server, "packages/server/src/a.ts": 'import { env } from "node:process";\n' },
    ],
    [
      "an export of everything",
      { "packages/server/package.json": server, "packages/server/src/a.ts": 'export * from "./b.ts";\n' },
    ],
    ["a catch-all name", { "packages/server/package.json": server, "packages/server/src/url-utils.ts": "" }],
    ["a catch-all folder", { "packages/server/package.json": server, "packages/server/src/helpers/a.ts": "" }],
    ["a file of two things", { "packages/server/package.json": server, "packages/server/src/a.ts": "\n".repeat(501) }],
  ])("%s", (_, files) => {
    expect(checkBoundaries(repository(files as unknown as Record<string, string>)).errors).toHaveLength(1);
  });

  test("what keeps to the rules is not", () => {
    const report = checkBoundaries(
      repository({
        "packages/server/package.json": server,
        "packages/server/src/a.ts": `/**\n * import { a } from "@krm/cli";\n * process.env\n */\nimport { a } from "@krm/core";\n`,
        "packages/server/test/deep/a.test.ts":
          'import { a } from "../../src/a.ts";\nimport { b } from "@krm/testkit";\n',
        "packages/cli/package.json": manifest("cli"),
        "packages/cli/src/a.ts": "const home = process.env.HOME;\n",
      }),
    );
    expect(report).toEqual({ errors: [], warnings: [] });
  });

  test("a long file is a warning", () => {
    const report = checkBoundaries(
      repository({ "packages/server/package.json": server, "packages/server/src/a.ts": "\n".repeat(301) }),
    );
    expect(report.warnings).toHaveLength(1);
    expect(report.errors).toEqual([]);
  });
});

test("imports are found in every form, and not in comments", () => {
  const source = `
import a from "a";
import type {
  B,
} from "b";
import "c";
export { d } from 'd';
export type { E } from "e";
const f = await import("f");
// import g from "g";
/* import h from "h"; */
export const text = "from here";
`;
  expect(importsOf(source)).toEqual(["a", "b", "c", "d", "e", "f"]);
});
