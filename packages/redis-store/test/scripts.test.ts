import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadScripts } from "../src/scripts/load-scripts.ts";

let folder: URL;

beforeEach(() => {
  folder = pathToFileURL(`${mkdtempSync(join(tmpdir(), "krm-scripts-"))}/`);
  mkdirSync(new URL("includes", folder));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, ...lines: readonly string[]): void {
  writeFileSync(new URL(name, folder), `${lines.join("\n")}\n`);
}

describe("loadScripts", () => {
  it("reads this package's own scripts", () => {
    const scripts = loadScripts();
    expect(scripts.length).toBeGreaterThan(0);
    expect(scripts.filter(({ lua }) => /^--+ @include/m.test(lua))).toEqual([]);
  });

  it("takes name and number of keys from the file's name", () => {
    write("read-page-3.lua", "return 1");
    write("ping-0.lua", "return 2");
    expect(loadScripts(folder)).toEqual([
      { name: "ping", numberOfKeys: 0, lua: "return 2\n" },
      { name: "read-page", numberOfKeys: 3, lua: "return 1\n" },
    ]);
  });

  it("includes each file once, where it is first asked for", () => {
    write("includes/a.lua", "-- @include b", "local a = b");
    write("includes/b.lua", "local b = 1");
    write("x-0.lua", "--- @include b", "-- @include a", "-- @include b", "return a");
    expect(
      loadScripts(folder)[0]
        ?.lua.split("\n")
        .filter((line) => line !== ""),
    ).toEqual(["local b = 1", "local a = b", "return a"]);
  });

  it("takes what is included as it is", () => {
    write("includes/a.lua", "local a = '$& $1'");
    write("x-0.lua", "-- @include a", "return a");
    expect(loadScripts(folder)[0]?.lua).toContain("'$& $1'");
  });

  it("refuses what it cannot put together", () => {
    expect(() => loadScripts(folder)).toThrow("there are no Lua scripts in");
    write("x.lua", "return 1");
    expect(() => loadScripts(folder)).toThrow("x.lua is not named like NAME-KEYS.lua");
    rmSync(new URL("x.lua", folder));
    write("x-0.lua", "-- @include a");
    expect(() => loadScripts(folder)).toThrow("cannot read the script x-0.lua, which includes includes/a.lua");
    write("includes/a.lua", "-- @include b");
    write("includes/b.lua", "-- @include a");
    expect(() => loadScripts(folder)).toThrow(
      "scripts include each other: x-0.lua, includes/a.lua, includes/b.lua, includes/a.lua",
    );
  });
});
