import { readFileSync } from "node:fs";
import { KRM_CLIENT_ERROR_CODES } from "@krm/client";
import { KRM_ERROR_CODES } from "@krm/core";
import { describe, expect, test } from "vitest";

const text = readFileSync(new URL("../docs/errors.md", import.meta.url), "utf8");

/** The rows of the table below a heading: each the cells of a line that starts with a code. */
function rowsBelow(heading: string): readonly (readonly string[])[] {
  const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? "";
  return [...section.matchAll(/^\| `.*$/gm)].map(([line]) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe.each([
  ["Codes of the monitor, the server and the command line", KRM_ERROR_CODES, 4],
  ["Codes of the client", KRM_CLIENT_ERROR_CODES, 3],
] as const)("docs/errors.md, %s", (heading, codes, cells) => {
  const rows = rowsBelow(heading);
  const documented = rows.map(([code]) => code?.replaceAll("`", ""));

  test("describes every code", () => {
    expect(codes.filter((code) => !documented.includes(code))).toEqual([]);
  });

  test("describes no code that does not exist", () => {
    expect(documented.filter((code) => !(codes as readonly (string | undefined)[]).includes(code))).toEqual([]);
  });

  test("has one row for each, in the order of the code, with every cell filled", () => {
    expect(documented).toEqual(codes.filter((code) => documented.includes(code)));
    expect(rows.filter((row) => row.length !== cells || row.includes(""))).toEqual([]);
  });
});
