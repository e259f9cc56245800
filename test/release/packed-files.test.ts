import { describe, expect, it } from "vitest";
import { judgePackedFiles, type PackedManifest } from "../../scripts/release/packed-files.ts";

const MANIFEST: PackedManifest = {
  bin: { krm: "./dist/bin.js" },
  types: "./dist/index.d.ts",
  exports: { ".": { types: "./dist/index.d.ts", default: "./dist/index.js" }, "./package.json": "./package.json" },
  dependencies: { "@krm/core": "^1.2.3", yaml: "2.9.1" },
};
const PAPERS = ["LICENSE", "README.md", "package.json"];
const FILES = [
  ...PAPERS,
  "dist/bin.js",
  "dist/index.js",
  "dist/index.js.map",
  "dist/index.d.ts",
  "dist/a/commit-11.lua",
];

describe("the files of a package", () => {
  it("are right: what is built, and the papers", () => {
    expect(judgePackedFiles(FILES, MANIFEST)).toEqual([]);
  });

  it.each([
    "src/index.ts",
    "test/a.test.ts",
    "dist/a.test.js",
    "dist/test/a.js",
    "tsconfig.json",
    "dist/.env",
    ".npmrc",
  ])("are not for users: %s", (file) => {
    expect(judgePackedFiles([...FILES, file], MANIFEST)).toEqual([
      expect.stringContaining(`has ${file}, which is not`),
    ]);
  });

  it.each(["LICENSE", "README.md", "dist/bin.js", "dist/index.d.ts"])("are missing: %s", (file) => {
    const files = FILES.filter((each) => each !== file);
    expect(judgePackedFiles(files, MANIFEST)).toEqual([`lacks ${file}`]);
  });
});

describe("the manifest of a package", () => {
  it("needs nothing that only this repository resolves", () => {
    const dependencies = { "@krm/core": "workspace:^" };
    expect(judgePackedFiles(FILES, { ...MANIFEST, dependencies })).toEqual([
      "depends on @krm/core as workspace:^, which is only known here",
    ]);
  });

  it("does not lead to sources", () => {
    const exports = { ".": { "krm-source": "./src/index.ts", default: "./dist/index.js" } };
    expect(judgePackedFiles(FILES, { ...MANIFEST, exports })).toEqual([
      "lacks src/index.ts",
      expect.stringContaining("krm-source"),
    ]);
  });
});
