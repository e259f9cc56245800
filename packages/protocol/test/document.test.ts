import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import {
  DEFAULT_PORT,
  ERROR_CAUSES,
  HEADERS,
  LIST_PARAMETERS,
  MAX_QUERY_LENGTH,
  PATHS,
  VIEW_STATES,
} from "@krm/protocol";

const text = await readFile(new URL("../../../docs/protocol.md", import.meta.url), "utf8");

/** The words in code marks in a column of the tables of one chapter. */
function column(chapter: number, index: number): readonly string[] {
  const start = text.indexOf(`\n## ${chapter}. `);
  const end = text.indexOf("\n## ", start + 1);
  const rows = text.slice(start, end < 0 ? undefined : end).split("\n");
  const cells = rows.filter((row) => row.startsWith("| ")).map((row) => row.split("|")[index] ?? "");
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/gu)].map((match) => match[1] ?? ""));
}

describe("docs/protocol.md", () => {
  it("names every path and parameter, and no other", () => {
    const paths = ["/{resource}", "/", ...Object.values(PATHS)];
    expect(column(1, 1).toSorted()).toEqual([...paths, ...LIST_PARAMETERS].toSorted());
    expect(text).toContain(`default port is ${DEFAULT_PORT}`);
    expect(text).toMatch(new RegExp(`holds ${MAX_QUERY_LENGTH}\\s+characters`, "u"));
  });

  it("names every header and state, and no other", () => {
    const headers = Object.values(HEADERS).map((name) => (name === "Warning" ? 'Warning: 299 krm "…"' : name));
    expect(column(4, 1).toSorted()).toEqual([...headers, ...VIEW_STATES].toSorted());
  });

  it("names every cause of an error, and no other", () => {
    expect(column(6, 2).toSorted()).toEqual([...ERROR_CAUSES].toSorted());
  });
});
