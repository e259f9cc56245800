import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
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
