import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { checkChangesets, parseChangeset } from "../scripts/check/changesets.ts";

test("the changesets of this repository can be read and name its packages", () => {
  expect(checkChangesets(fileURLToPath(new URL("..", import.meta.url))).errors).toEqual([]);
});

test("a changeset names packages and says something", () => {
  expect(parseChangeset('---\n"@krm/core": minor\n@krm/cli: patch\n---\n\nWhat is new.\n')).toEqual({
    "@krm/core": "minor",
    "@krm/cli": "patch",
  });
  expect(parseChangeset("---\n---\n\nNothing to release.\n")).toEqual({});
});

test.each([
  ["no block", "What is new.\n", /does not start/],
  ["no words", '---\n"@krm/core": minor\n---\n', /says nothing/],
  ["a size that does not exist", '---\n"@krm/core": huge\n---\n\nNew.\n', /"@krm\/core\\": huge"/],
])("%s is refused", (_, text, message) => {
  expect(() => parseChangeset(text)).toThrow(message);
});

describe("what has changed since the last release", () => {
  const NEEDED = [
    "packages/core/src/a.ts has changed since the last release without a changeset: run `npm run changeset`",
  ];

  test("needs a changeset, from before the first release on, but for the release itself", () => {
    const root = mkdtempSync(join(tmpdir(), "krm-changesets-"));
    try {
      const git = (...args: string[]): void => void execFileSync("git", args, { cwd: root, stdio: "ignore" });
      const write = (path: string, text: string): void => {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), text);
      };
      const version = (text: string): void =>
        write("packages/core/package.json", JSON.stringify({ name: "@krm/core", version: text }, undefined, 2));
      const commit = (): void => {
        git("add", "-A");
        git("-c", "user.name=a", "-c", "user.email=a@example.invalid", "commit", "-qm", "a");
      };
      const errors = (): readonly string[] => checkChangesets(root).errors;

      git("init", "-q");
      write(".changeset/config.json", "{}");
      version("0.0.0");
      write("packages/core/src/a.ts", "1");
      commit();
      expect(errors()).toEqual(NEEDED);
      version("1.0.0");
      expect(errors()).toEqual([]);
      commit();
      expect(errors()).toEqual([]);
      write("packages/core/README.md", "Of no package's behaviour.");
      commit();
      expect(errors()).toEqual([]);
      write("packages/core/src/a.ts", "2");
      expect(errors()).toEqual(NEEDED);
      commit();
      expect(errors()).toEqual(NEEDED);
      write(".changeset/new.md", '---\n"@krm/core": minor\n---\n\nNew.\n');
      expect(errors()).toEqual([]);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
