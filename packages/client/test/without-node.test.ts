import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("nothing of Node.js is imported, so that the package runs in browsers", () => {
  const files = globSync("../src/**/*.ts", { cwd: import.meta.dirname });
  expect(files.length).toBeGreaterThan(10);
  const importing = files.filter((file) =>
    /\b(from|import)\b[\s(]*["']node:/.test(readFileSync(`${import.meta.dirname}/${file}`, "utf8")),
  );
  expect(importing).toEqual([]);
});
