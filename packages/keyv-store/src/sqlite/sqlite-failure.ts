import { KrmError, type KrmErrorCode } from "@krm/core";

interface Meaning {
  readonly code: KrmErrorCode;
  readonly what: string;
  readonly hint?: string;
}

const unusable = (what: string, hint: string): Meaning => ({ code: "KRM_STORE_UNUSABLE", what, hint });
const failed = (what: string, hint?: string): Meaning => ({
  code: "KRM_STORE_FAILED",
  what,
  ...(hint === undefined ? {} : { hint }),
});

/** By the code of the file system. */
const FILE: Readonly<Record<string, Meaning>> = {
  ENOENT: unusable("its folder does not exist", "Make the folder, or name another file."),
  ENOTDIR: unusable("its folder is no folder", "Check the path."),
  EISDIR: unusable("it is a folder", "Name a file in it."),
  EACCES: unusable("this user may not write to it", "Check the owner and the mode of the file and its folder."),
  EPERM: unusable("this user may not write to it", "Check the owner and the mode of the file and its folder."),
  EROFS: unusable("it is on a file system that is read-only", "Name a file on one that takes writes."),
  ENOSPC: failed("the disk is full", "Make room."),
};

/** By SQLite's own primary result code. */
const RESULT: Readonly<Record<number, Meaning>> = {
  5: failed("another process has it locked", "Run one monitor on a file."),
  8: unusable("it is read-only", "Check the owner and the mode of the file and its folder."),
  10: failed("the disk does not read or write", "Look at the disk, and at the log of the system."),
  11: unusable("it is damaged", "Move it away: the state is built up again from the cluster."),
  13: failed("the disk is full", "Make room."),
  14: unusable("it cannot be opened", "Check the owner and the mode of the file and its folder."),
  26: unusable("it is no SQLite database", "Name another file, or one that does not exist yet."),
};

/** What a failure of SQLite or of the file system means, in a sentence about the file. */
export function sqliteFailure(file: string, error: unknown, doing: "open" | "read" | "write"): KrmError {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  const words = error instanceof Error ? error.message : String(error);
  // The low byte; what is above it tells variants apart.
  const known = typeof errcode === "number" ? RESULT[errcode & 0xff] : FILE[String(code)];
  const meaning = known ?? failed(`it could not be ${{ open: "opened", read: "read", write: "written" }[doing]}`);
  return new KrmError(meaning.code, `SQLite file ${file}: ${meaning.what} (${words})`, {
    cause: error,
    hint: meaning.hint,
  });
}
