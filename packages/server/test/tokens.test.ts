import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KrmError } from "@krm/core";
import { staticTokens } from "@krm/server";
import { ManualClock } from "@krm/testkit";
import { temporaryFolder } from "./support/folder.ts";
import { LogQueue } from "./support/log-queue.ts";

const A = "a-token-of-ada";
const B = "a-token-of-bob";

describe("a token file", () => {
  it("holds tokens, users and comments", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "tokens");
    await writeFile(file, `# who may read\n\n${A},ada\r\n  ${B}  \n`);
    await using auth = await staticTokens(file, { clock: new ManualClock() });
    expect(await auth.authenticate(A)).toEqual({ user: "ada" });
    expect(await auth.authenticate(B)).toEqual({ user: "token-4" });
    for (const wrong of ["", "# who may read", `${A},ada`, A.slice(0, -1), `${A}x`]) {
      expect(await auth.authenticate(wrong)).toBeUndefined();
    }
  });

  it.each([
    ["", "holds no token"],
    ["# nothing\n", "holds no token"],
    ["short\n", "line 1: has a token of less than 8 characters"],
    [`${A}\n${B},bob,admins\n`, "line 2: has more than a token and a user"],
    [`${A},\n`, "line 1: has a comma but no user"],
    ["two words,ada\n", "line 1: has a token with white space in it"],
    [`${A},ada\n${A},bob\n`, "line 2: has the same token as line 1"],
  ])("with %j is refused, and the message holds no token", async (content, problem) => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "tokens");
    await writeFile(file, content);
    const error: unknown = await staticTokens(file).catch((reason: unknown) => reason);
    if (!KrmError.is(error, "KRM_INVALID_ARGUMENT")) throw new Error("not refused");
    expect(error.message).toContain(file);
    expect(error.message).toContain(problem);
    for (const secret of [A, B, "short", "two words"]) expect(error.message).not.toContain(secret);
  });

  it("that is missing is refused by name", async () => {
    await expect(staticTokens("/nowhere/tokens")).rejects.toThrow("cannot read /nowhere/tokens");
  });

  it("is read again when it changes, and stays in force while it is broken", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "tokens");
    await writeFile(file, `${A},ada\n`);
    const clock = new ManualClock();
    const log = new LogQueue();
    await using auth = await staticTokens(file, { clock, logger: log });
    const change = async (action: () => Promise<void>): Promise<string> => {
      await action();
      await clock.untilSleeping();
      await clock.advance(5000);
      return log.next();
    };
    expect(await change(async () => writeFile(file, `${B},bob\n`))).toContain("have changed and were read again");
    expect(await auth.authenticate(A)).toBeUndefined();
    expect(await auth.authenticate(B)).toEqual({ user: "bob" });
    expect(await change(async () => writeFile(file, "oops\n"))).toContain("what they held before stays in force");
    expect(await auth.authenticate(B)).toEqual({ user: "bob" });
    expect(await change(async () => rm(file))).toContain("what they held before stays in force");
    expect(await auth.authenticate(B)).toEqual({ user: "bob" });
    await writeFile(`${file}.new`, `${A},ada\n`);
    expect(await change(async () => rename(`${file}.new`, file))).toContain("have changed");
    expect(await auth.authenticate(A)).toEqual({ user: "ada" });
  });
});
